//! Series: coefficients that a lens has as many of as it needs, and that every point goes through.

use super::Scalar;

/// Rows of `M` coefficients, made once for a lens, that [`Real::fold_back`](super::Real::fold_back) goes through at every
/// point; how many there are may depend on the parameters, up to [`Series::MAX_ROWS`].
///
/// They lie in the value itself, so that preparing a lens allocates nothing.
///
/// ```
/// use lens_models::number::{Real, Series};
///
/// // 1 + x + x^2 / 2 + .. by Horner's rule.
/// let mut c = 1.0;
/// let exp = Series::<f64, 1>::new(20, |n| {
///     let now = c;
///     c /= (n + 1) as f64;
///     [now]
/// });
/// let [value] = f64::fold_back(&exp, [0.0], |[sum], [c]| [sum.mul_add(0.5, c)]);
/// assert!((value - 0.5_f64.exp()).abs() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct Series<S, const M: usize> {
    place: S,
    length: usize,
    values: [[S; M]; MAX_ROWS],
}

/// Room for a series of the power law: enough for 1e-17 up to |e| = 0.92 (q = 0.04), for 3e-8 up to |e| = 0.96 (q = 0.02).
const MAX_ROWS: usize = 512;

impl<S: Scalar, const M: usize> Series<S, M> {
    /// The most rows there can be; more are cut off.
    pub const MAX_ROWS: usize = MAX_ROWS;

    /// From its rows, made in order from the first.
    pub fn new(rows: usize, mut row: impl FnMut(usize) -> [f64; M]) -> Self {
        let length = rows.min(MAX_ROWS);
        let place = S::series(M, length);
        let mut values = [[place; M]; MAX_ROWS];
        for (n, value) in values.iter_mut().take(length).enumerate() {
            *value = row(n).map(S::coefficient);
        }
        Self { place, length, values }
    }

    /// The rows, from the first.
    #[inline(always)]
    pub fn rows(&self) -> &[[S; M]] {
        self.values.get(..self.length).unwrap_or(&self.values)
    }

    /// What [`Scalar::series`] gave.
    pub(crate) fn place(&self) -> S {
        self.place
    }
}
