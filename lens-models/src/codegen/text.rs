//! Text: a recorded function as lines of C, one `float` a node that something needs.

use std::fmt::Write;

use super::graph::{Binary, Function, Id, Line, Node, Unary};

/// The lines of a function's body; `results` are then expressions for what it returns.
pub(super) struct Body {
    pub lines: String,
    pub results: Vec<String>,
}

/// Prints a function whose arguments have these names; its constants are `c[..]`.
pub(super) fn body(function: &Function, inputs: &[String]) -> Body {
    let printer = Printer { function, inputs, needed: needed(function) };
    let mut lines = String::new();
    printer.print(&function.lines, 1, &mut lines);
    Body { lines, results: function.results.iter().map(|id| printer.name(*id)).collect() }
}

/// The nodes and loops that the results need.
struct Needed {
    nodes: Vec<bool>,
    folds: Vec<bool>,
}

fn needed(function: &Function) -> Needed {
    let mut needed = Needed { nodes: vec![false; function.nodes.len()], folds: vec![false; function.folds.len()] };
    let mut open: Vec<Id> = function.results.clone();
    while let Some(id) = open.pop() {
        if std::mem::replace(&mut needed.nodes[id], true) {
            continue;
        }
        match function.nodes[id] {
            Node::Literal(_) | Node::Constant(_) | Node::Input(_) | Node::Row { .. } => {}
            Node::Unary(_, a) => open.push(a),
            Node::Binary(_, a, b) => open.extend([a, b]),
            Node::MulAdd(a, b, c) | Node::Above(a, b, c) => open.extend([a, b, c]),
            // A number carried needs what it starts from and what it becomes, and no other number of the loop.
            Node::Carried { fold, k } | Node::Folded { fold, k } => {
                needed.folds[fold] = true;
                open.extend([function.folds[fold].start[k], function.folds[fold].next[k]]);
                mark_carried(function, fold, k, &mut needed, &mut open);
            }
        }
    }
    needed
}

/// A number carried is alive inside and after the loop alike.
fn mark_carried(function: &Function, fold: usize, k: usize, needed: &mut Needed, open: &mut Vec<Id>) {
    let same = |node: &Node| matches!(*node, Node::Carried { fold: f, k: j } | Node::Folded { fold: f, k: j } if (f, j) == (fold, k));
    open.extend((0..function.nodes.len()).filter(|id| same(&function.nodes[*id]) && !needed.nodes[*id]));
}

struct Printer<'a> {
    function: &'a Function,
    inputs: &'a [String],
    needed: Needed,
}

impl Printer<'_> {
    fn print(&self, lines: &[Line], depth: usize, out: &mut String) {
        for line in lines {
            match *line {
                Line::Node(id) if self.needed.nodes[id] => {
                    if let Some(expression) = self.expression(id) {
                        let _ = writeln!(out, "{}const float v{id} = {expression};", indent(depth));
                    }
                }
                Line::Fold(fold) if self.needed.folds[fold] => self.print_fold(fold, depth, out),
                _ => {}
            }
        }
    }

    /// The loop: what is carried lies in variables outside it, and changes at the end of a pass, all at once.
    fn print_fold(&self, number: usize, depth: usize, out: &mut String) {
        let (fold, tab, inner) = (&self.function.folds[number], indent(depth), indent(depth + 1));
        let is_needed = |k: &usize| {
            let carried = |node: &Node| *node == Node::Carried { fold: number, k: *k };
            self.function.nodes.iter().position(carried).is_some_and(|id| self.needed.nodes[id])
        };
        let carried: Vec<usize> = (0..fold.start.len()).filter(is_needed).collect();
        for &k in &carried {
            let _ = writeln!(out, "{tab}float s{number}_{k} = {};", self.name(fold.start[k]));
        }
        let (place, rows) = (fold.place, fold.place + 1);
        let _ = writeln!(out, "{tab}const float* __restrict__ r{number} = c + (int)c[{place}];");
        let _ = writeln!(out, "{tab}for (int n{number} = (int)c[{rows}] - 1; n{number} >= 0; --n{number}) {{");
        self.print(&fold.body, depth + 1, out);
        for &k in &carried {
            let _ = writeln!(out, "{inner}const float t{number}_{k} = {};", self.name(fold.next[k]));
        }
        for &k in &carried {
            let _ = writeln!(out, "{inner}s{number}_{k} = t{number}_{k};");
        }
        let _ = writeln!(out, "{tab}}}");
    }

    /// The right-hand side of a node; none for one that is written out wherever it is used.
    fn expression(&self, id: Id) -> Option<String> {
        let name = |id| self.name(id);
        Some(match self.function.nodes[id] {
            Node::Literal(_) | Node::Constant(_) | Node::Input(_) | Node::Carried { .. } | Node::Folded { .. } => {
                return None;
            }
            Node::Row { fold, column } => {
                format!("r{fold}[{} * n{fold} + {column}]", self.function.folds[fold].columns)
            }
            Node::Unary(Unary::Neg, a) => format!("-{}", name(a)),
            Node::Unary(Unary::Exp, a) => format!("expf({})", name(a)),
            Node::Unary(Unary::Ln, a) => format!("logf({})", name(a)),
            Node::Unary(Unary::Sqrt, a) => format!("sqrtf({})", name(a)),
            Node::Binary(Binary::Add, a, b) => format!("{} + {}", name(a), name(b)),
            Node::Binary(Binary::Sub, a, b) => format!("{} - {}", name(a), name(b)),
            Node::Binary(Binary::Mul, a, b) => format!("{} * {}", name(a), name(b)),
            Node::Binary(Binary::Div, a, b) => format!("{} / {}", name(a), name(b)),
            // As on the processor: a NaN in the first stays.
            Node::Binary(Binary::AtLeast, a, b) => format!("{a} < {b} ? {b} : {a}", a = name(a), b = name(b)),
            Node::MulAdd(a, b, c) => format!("fmaf({}, {}, {})", name(a), name(b), name(c)),
            Node::Above(a, b, value) => format!("{} <= {} ? 0.0f : {}", name(a), name(b), name(value)),
        })
    }

    /// How a node is referred to.
    fn name(&self, id: Id) -> String {
        match self.function.nodes[id] {
            Node::Literal(bits) => literal(f64::from_bits(bits)),
            Node::Constant(place) => format!("c[{place}]"),
            Node::Input(number) => self.inputs[number].clone(),
            Node::Carried { fold, k } | Node::Folded { fold, k } => format!("s{fold}_{k}"),
            _ => format!("v{id}"),
        }
    }
}

fn indent(depth: usize) -> String {
    "    ".repeat(depth)
}

fn literal(value: f64) -> String {
    match value {
        value if value.is_nan() => "(0.0f / 0.0f)".to_owned(),
        f64::INFINITY => "(1.0f / 0.0f)".to_owned(),
        f64::NEG_INFINITY => "(-1.0f / 0.0f)".to_owned(),
        value if value.is_sign_negative() => format!("({value:?}f)"),
        value => format!("{value:?}f"),
    }
}
