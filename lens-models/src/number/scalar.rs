//! Scalar: what the constants of a formula are kept in.

/// The numbers that a formula's constants are kept in: f64, f32, or the place of a constant in a GPU's memory.
pub trait Scalar: Copy + Send + Sync {
    /// The rounding of a computation in these numbers: where a series may end.
    const ROUNDING: f64;
    /// Rounded from f64.
    fn from_f64(value: f64) -> Self;
    /// Called by [`Series::new`](super::Series::new) before its coefficients are made, with their columns and rows.
    #[doc(hidden)]
    #[inline(always)]
    fn series(_columns: usize, _rows: usize) -> Self {
        Self::from_f64(0.0)
    }
    /// One coefficient of a series.
    #[doc(hidden)]
    #[inline(always)]
    fn coefficient(value: f64) -> Self {
        Self::from_f64(value)
    }
}

impl Scalar for f64 {
    const ROUNDING: f64 = 1e-17;
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
}

impl Scalar for f32 {
    const ROUNDING: f64 = 3e-8;
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}
