//! A field model: thousands of whitened numbers, the first parameter of a component, and what scales them.

/// A parameter that scales whitened numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    /// Its name.
    pub name: &'static str,
    /// Whether it is its logarithm that is searched.
    pub by_logarithm: bool,
    /// The standard deviation of its prior, or of its logarithm.
    pub deviation: f64,
    /// What one step of a search may change.
    pub farthest: f64,
}

/// How the evidence of n scales changes with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Of half the logarithm of the determinant of the posterior covariance of the whitened numbers, by each scale, `[n]`; less what the gradient of logp
    /// by the scale has too much where the whitened numbers are not quite at their maximum.
    pub slopes: Vec<f64>,
    /// Fisher's information, the whitened numbers integrated over, `[n, n]`.
    pub information: Vec<f64>,
    /// The same of the first parameter of the [grid](FieldModel::grid), the scales held.
    pub grid: f64,
}

/// What a fit needs of a Gaussian field that is given by whitened numbers. Parameters are known by name; `of` gives the numbers of one.
///
/// The density of whitened numbers is highest where they are small and their scales large, far from where most of it is, so that a fit chooses the
/// scales by their evidence and not together with all else.
pub trait FieldModel {
    /// What scales the whitened numbers.
    fn scaling(&self) -> &'static [Scaling];

    /// Parameters that say how wide on the sky the whitened numbers are, and then where, and no more. All are held while the scales are chosen;
    /// the first is sampled, as images do not tell a source from a larger one behind a lens that magnifies less.
    fn grid(&self) -> &'static [&'static str] {
        &[]
    }

    /// What the [evidence](Evidence) of what is [scaling](FieldModel::scaling) needs beside a gradient. Along each of the directions `[rank, numbers]`
    /// data have taken away a share of the prior's variance of the whitened numbers; `left` is what is left of the gradient of logp by them.
    fn evidence(&self, of: &dyn Fn(&str) -> Vec<f64>, left: &[f64], directions: &[f64], shares: &[f64]) -> Evidence;

    /// The whitened numbers that are nearly the same field under other scales.
    fn carried(&self, from: &dyn Fn(&str) -> Vec<f64>, to: &dyn Fn(&str) -> Vec<f64>) -> Vec<f64>;

    /// Parameters of nearly the same field on a grid that fits it; none where that at hand does.
    fn on_better_grid(&self, _of: &dyn Fn(&str) -> Vec<f64>) -> Vec<(&'static str, Vec<f64>)> {
        vec![]
    }
}
