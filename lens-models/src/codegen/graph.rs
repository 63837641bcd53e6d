//! Graph: the operations of a formula in the order in which it does them, each distinct one once.

use std::cell::RefCell;
use std::collections::HashMap;

/// A node of the graph.
pub(super) type Id = usize;

/// One operation; equal operations on equal nodes are one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// A number written in the formula, by its bits.
    Literal(u64),
    /// A number of the lens, by its place.
    Constant(usize),
    /// An argument of the function: x, y, and then what comes down to the field.
    Input(usize),
    Unary(Unary, Id),
    Binary(Binary, Id, Id),
    MulAdd(Id, Id, Id),
    /// The third where the first > the second, else 0.
    Above(Id, Id, Id),
    /// A number that a loop carries on, as one of its passes sees it.
    Carried {
        fold: usize,
        k: usize,
    },
    /// A coefficient of the row that a loop is at.
    Row {
        fold: usize,
        column: usize,
    },
    /// What a carried number is after the loop.
    Folded {
        fold: usize,
        k: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Unary {
    Neg,
    Exp,
    Ln,
    Sqrt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    AtLeast,
}

/// A line of a function: an operation, or a whole loop.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line {
    Node(Id),
    Fold(usize),
}

/// A loop over the rows of a series, from the last to the first.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    /// Where the beginning of its rows stands among the constants; their number follows.
    pub place: usize,
    pub columns: usize,
    pub start: Vec<Id>,
    pub body: Vec<Line>,
    /// What is carried on to the next pass.
    pub next: Vec<Id>,
}

/// Lines of the function or of one loop, and the nodes that they may refer to.
#[derive(Default)]
struct Scope {
    known: HashMap<Node, Id>,
    lines: Vec<Line>,
}

/// The operations recorded so far.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    folds: Vec<Fold>,
    /// The function, and the loops that are open, innermost last.
    scopes: Vec<Scope>,
}

thread_local! {
    static GRAPH: RefCell<Graph> = RefCell::default();
}

/// A function that was recorded: its lines and what it returns.
pub(super) struct Function {
    pub nodes: Vec<Node>,
    pub folds: Vec<Fold>,
    pub lines: Vec<Line>,
    pub results: Vec<Id>,
}

/// Records what `formula` does; it returns the nodes of its results.
pub(super) fn function(formula: impl FnOnce() -> Vec<Id>) -> Function {
    GRAPH.with(|graph| graph.replace(Graph { scopes: vec![Scope::default()], ..Graph::default() }));
    let results = formula();
    let Graph { nodes, folds, scopes } = GRAPH.with(RefCell::take);
    let lines = scopes.into_iter().flat_map(|scope| scope.lines).collect();
    Function { nodes, folds, lines, results }
}

/// The node of an operation, a new one if none of the open scopes has it.
pub(super) fn node(node: Node) -> Id {
    GRAPH.with_borrow_mut(|graph| {
        if let Some(id) = graph.scopes.iter().rev().find_map(|scope| scope.known.get(&node)) {
            return *id;
        }
        let id = graph.nodes.len();
        graph.nodes.push(node);
        if let Some(scope) = graph.scopes.last_mut() {
            scope.known.insert(node, id);
            scope.lines.push(Line::Node(id));
        }
        id
    })
}

/// The node of -a; twice it is a itself.
pub(super) fn opposite(a: Id) -> Id {
    let inner = GRAPH.with_borrow(|graph| match graph.nodes[a] {
        Node::Unary(Unary::Neg, inner) => Some(inner),
        _ => None,
    });
    inner.unwrap_or_else(|| node(Node::Unary(Unary::Neg, a)))
}

/// Records a loop: `body` is given the nodes carried and those of the row, and returns what is carried on.
pub(super) fn fold(
    place: usize,
    columns: usize,
    start: Vec<Id>,
    body: impl FnOnce(Vec<Id>, Vec<Id>) -> Vec<Id>,
) -> Vec<Id> {
    let count = start.len();
    let fold = GRAPH.with_borrow_mut(|graph| {
        graph.folds.push(Fold { place, columns, start, body: vec![], next: vec![] });
        graph.scopes.push(Scope::default());
        graph.folds.len() - 1
    });
    let carried = (0..count).map(|k| node(Node::Carried { fold, k })).collect();
    let row = (0..columns).map(|column| node(Node::Row { fold, column })).collect();
    let next = body(carried, row);
    GRAPH.with_borrow_mut(|graph| {
        graph.folds[fold].next = next;
        graph.folds[fold].body = graph.scopes.pop().unwrap_or_default().lines;
        if let Some(scope) = graph.scopes.last_mut() {
            scope.lines.push(Line::Fold(fold));
        }
    });
    (0..count).map(|k| node(Node::Folded { fold, k })).collect()
}
