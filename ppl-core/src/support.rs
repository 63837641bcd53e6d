//! Supports: where a distribution puts its mass.

use serde::{Deserialize, Serialize};

/// The set of values a site may take, with bounds of type `B`: of a family (numbers or parameters), or of a site (values).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Vectors or matrices under a constraint that binds their elements together.
    Vector(VectorSupport),
}

/// A set of vectors or matrices; each has its transform, with an unconstrained length of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum VectorSupport {
    /// Non-negative numbers that sum to one.
    Simplex,
    /// x_1 < x_2 < ..
    Ordered,
    /// 0 < x_1 < x_2 < ..
    PositiveOrdered,
    /// Vectors of length one.
    UnitVector,
    /// Lower-triangular factors of correlation matrices: rows of length one, a positive diagonal.
    CorrelationCholesky,
}

impl VectorSupport {
    /// How many dimensions one draw has.
    pub fn event_rank(self) -> usize {
        if self == VectorSupport::CorrelationCholesky { 2 } else { 1 }
    }

    /// Its name, in messages.
    pub fn name(self) -> &'static str {
        match self {
            VectorSupport::Simplex => "simplex",
            VectorSupport::Ordered => "ordered",
            VectorSupport::PositiveOrdered => "positive ordered",
            VectorSupport::UnitVector => "unit vector",
            VectorSupport::CorrelationCholesky => "correlation Cholesky factor",
        }
    }
}

/// One end of a family's support.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Bound {
    /// Always the same.
    At(f64),
    /// The parameter of this index.
    Param(usize),
}

use Bound::At;

/// Whether `x` is a finite whole number.
#[inline]
pub(crate) fn is_whole(x: f64) -> bool {
    // From 2^52 on a number has no digits after the point, and a sum just above it drops them. `fract` would be a call of libm.
    const NO_FRACTION: f64 = 4_503_599_627_370_496.0;
    let size = x.abs();
    (((size + NO_FRACTION) - NO_FRACTION == size) | (size >= NO_FRACTION)) & (size < f64::INFINITY)
}

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
        (low <= x) & (x <= high) & (!self.is_discrete() || is_whole(x))
    }

    /// Whether it holds nothing, for a family with these parameters.
    #[inline]
    pub fn is_empty(self, params: &[f64]) -> bool {
        let (low, high) = self.ends(params);
        // NaN is no end of a support either. One whole number may be all there is, as with a binomial of no trials.
        let holds = if self.is_discrete() { low <= high } else { low < high };
        !holds
    }

    /// Its ends, for a family with these parameters.
    #[inline]
    pub fn ends(self, params: &[f64]) -> (f64, f64) {
        let number = |bound: &Bound| match *bound {
            At(x) => x,
            Bound::Param(i) => params[i],
        };
        self.bounds().map_or((f64::NAN, f64::NAN), |(low, high)| (number(low), number(high)))
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
            Support::Vector(support) => Support::Vector(support),
        }
    }

    /// Lower and upper bound; none of a support of vectors.
    pub fn bounds(&self) -> Option<(&B, &B)> {
        match self {
            Support::Interval { low, high } | Support::Integers { low, high } => Some((low, high)),
            Support::Vector(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_told_from_others_at_every_size() {
        let half = 4_503_599_627_370_495.5;
        let whole = [0.0, -0.0, 1.0, -3.0, 1e15, 4_503_599_627_370_496.0, 9_007_199_254_740_993.0, 1e300, -1e20];
        assert!(whole.into_iter().all(is_whole));
        let broken = [0.5, -0.5, 1e-300, 2.0_f64.next_up(), 2.0_f64.next_down(), half, -half, f64::NAN, f64::INFINITY];
        assert!(!broken.into_iter().any(is_whole));
    }

    #[test]
    fn a_set_of_one_whole_number_is_not_empty_but_an_interval_of_no_length_is() {
        let ends = [2.0, 2.0];
        assert!(!Support::Integers { low: Bound::Param(0), high: Bound::Param(1) }.is_empty(&ends));
        assert!(Support::between(0, 1).is_empty(&ends));
        assert!(Support::between(0, 1).is_empty(&[f64::NAN, 2.0]));
    }
}
