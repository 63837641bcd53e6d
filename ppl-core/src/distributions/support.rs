//! Supports: where a distribution puts its mass.

use std::cmp::Ordering;

/// The set of values a site may take, with bounds of type `B`: of a family (numbers or parameters), or of a site (values).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Support<B = Bound> {
    /// Real numbers between two bounds, either of which may be infinite.
    Interval {
        /// Lower bound.
        low: B,
        /// Upper bound.
        high: B,
    },
    /// Whole numbers between two bounds, both included; the upper may be infinite.
    Integers {
        /// Smallest value.
        low: B,
        /// Largest value.
        high: B,
    },
}

/// One end of a family's support.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Always the same.
    At(f64),
    /// The parameter of this index.
    Param(usize),
}

use Bound::At;

impl Support<Bound> {
    /// The real line.
    pub const REAL: Self = Support::Interval { low: At(f64::NEG_INFINITY), high: At(f64::INFINITY) };
    /// x > 0.
    pub const POSITIVE: Self = Support::Interval { low: At(0.0), high: At(f64::INFINITY) };
    /// 0 < x < 1.
    pub const UNIT: Self = Support::Interval { low: At(0.0), high: At(1.0) };
    /// 0 or 1.
    pub const BOOLEAN: Self = Support::Integers { low: At(0.0), high: At(1.0) };
    /// 0, 1, 2, ..
    pub const COUNT: Self = Support::Integers { low: At(0.0), high: At(f64::INFINITY) };

    /// Between two parameters, given by their indices.
    pub const fn between(low: usize, high: usize) -> Self {
        Support::Interval { low: Bound::Param(low), high: Bound::Param(high) }
    }

    /// Whether `x` is inside (the ends included), for a family with these parameters.
    #[inline]
    pub fn contains(self, x: f64, params: &[f64]) -> bool {
        let (low, high) = self.ends(params);
        low <= x && x <= high && (!self.is_discrete() || x.fract() == 0.0)
    }

    /// Whether it holds nothing, for a family with these parameters.
    #[inline]
    pub fn is_empty(self, params: &[f64]) -> bool {
        let (low, high) = self.ends(params);
        // NaN is no end of a support either.
        low.partial_cmp(&high) != Some(Ordering::Less)
    }

    /// Its ends, for a family with these parameters.
    #[inline]
    pub fn ends(self, params: &[f64]) -> (f64, f64) {
        let number = |bound: &Bound| match *bound {
            At(x) => x,
            Bound::Param(i) => params[i],
        };
        let (low, high) = self.bounds();
        (number(low), number(high))
    }
}

impl<B> Support<B> {
    /// Whether the values are whole numbers.
    pub fn is_discrete(&self) -> bool {
        matches!(self, Support::Integers { .. })
    }

    /// The same support with other bounds.
    pub fn map<C>(self, mut f: impl FnMut(B) -> C) -> Support<C> {
        match self {
            Support::Interval { low, high } => Support::Interval { low: f(low), high: f(high) },
            Support::Integers { low, high } => Support::Integers { low: f(low), high: f(high) },
        }
    }

    /// Lower and upper bound.
    pub fn bounds(&self) -> (&B, &B) {
        match self {
            Support::Interval { low, high } | Support::Integers { low, high } => (low, high),
        }
    }
}
