//! Symbol: a number that writes down what is done to it.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::constants::Slot;
use super::graph::{self, Binary, Id, Node, Unary};
use crate::number::{Real, Series};

/// A node of the graph that is being recorded on this thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol(pub Id);

impl Symbol {
    /// An argument of the function: x, y, and then what comes down to the field.
    pub(super) fn input(number: usize) -> Self {
        Symbol(graph::node(Node::Input(number)))
    }

    fn unary(self, operation: Unary) -> Self {
        Symbol(graph::node(Node::Unary(operation, self.0)))
    }

    fn binary(self, operation: Binary, other: Self) -> Self {
        Symbol(graph::node(Node::Binary(operation, self.0, other.0)))
    }
}

impl Real for Symbol {
    type Scalar = Slot;

    fn broadcast(value: Slot) -> Self {
        Symbol(graph::node(match value {
            Slot::Place(place) => Node::Constant(place),
            Slot::Literal(value) => Node::Literal(value.to_bits()),
        }))
    }

    fn mul_add(self, a: Self, b: Self) -> Self {
        Symbol(graph::node(Node::MulAdd(self.0, a.0, b.0)))
    }

    fn exp(self) -> Self {
        self.unary(Unary::Exp)
    }

    fn ln(self) -> Self {
        self.unary(Unary::Ln)
    }

    fn sqrt(self) -> Self {
        self.unary(Unary::Sqrt)
    }

    fn at_least(self, floor: Self) -> Self {
        self.binary(Binary::AtLeast, floor)
    }

    fn above(self, floor: Self, value: Self) -> Self {
        Symbol(graph::node(Node::Above(self.0, floor.0, value.0)))
    }

    fn fold_back<const M: usize, const K: usize>(
        series: &Series<Slot, M>,
        start: [Self; K],
        step: impl Fn([Self; K], [Self; M]) -> [Self; K],
    ) -> [Self; K] {
        let Slot::Place(place) = series.place() else { return start };
        let after = graph::fold(place, M, start.map(|s| s.0).to_vec(), |carried, row| {
            let next = step(std::array::from_fn(|k| Symbol(carried[k])), std::array::from_fn(|m| Symbol(row[m])));
            next.map(|s| s.0).to_vec()
        });
        std::array::from_fn(|k| Symbol(after[k]))
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident),+) => { $(
        impl $operator for Symbol {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                self.binary(Binary::$operator, other)
            }
        }
    )+ };
}

operators!(Add add, Sub sub, Mul mul, Div div);

impl Neg for Symbol {
    type Output = Self;
    fn neg(self) -> Self {
        Symbol(graph::opposite(self.0))
    }
}
