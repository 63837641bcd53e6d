//! Transforms: bijections from the real line to a support, for engines that move without bounds.

mod constrain;
mod correlation_cholesky;
mod draws;
mod identity;
mod interval;
mod lower;
mod ordered;
mod simplex;
mod unit_vector;
mod upper;
mod vector;

pub(crate) use constrain::{constrain, log_jacobian, unconstrain};
pub use correlation_cholesky::CorrelationCholesky;
pub(crate) use draws::Draws;
pub use identity::Identity;
pub use interval::Interval;
pub use lower::Lower;
pub use ordered::Ordered;
pub use simplex::Simplex;
pub use unit_vector::UnitVector;
pub use upper::Upper;
pub use vector::VectorTransform;

/// A constrained value, the logarithm of its Jacobian, and the derivatives of both by `[u, low, high]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Image {
    /// x(u).
    pub x: f64,
    /// ln |dx / du|.
    pub log_jacobian: f64,
    /// d x.
    pub dx: [f64; 3],
    /// d ln |dx / du|.
    pub dlog_jacobian: [f64; 3],
}

/// A bijection from the real line to an interval, as in Stan.
pub trait Transform {
    /// From the real line to the support.
    fn forward(&self, u: f64, low: f64, high: f64) -> Image;
    /// From the support to the real line; infinite at its ends.
    fn inverse(&self, x: f64, low: f64, high: f64) -> f64;
}

/// The transform to the interval `(low, high)`, either of which may be infinite.
pub fn biject_to(low: f64, high: f64) -> &'static dyn Transform {
    match (low.is_finite(), high.is_finite()) {
        (false, false) => &Identity,
        (true, false) => &Lower,
        (false, true) => &Upper,
        (true, true) => &Interval,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    const INF: f64 = f64::INFINITY;

    fn supports() -> impl Strategy<Value = (f64, f64)> {
        (-3.0..2.0, 0.1..5.0, 0..4).prop_map(|(low, width, kind)| match kind {
            0 => (-INF, INF),
            1 => (low, INF),
            2 => (-INF, low),
            _ => (low, low + width),
        })
    }

    proptest! {
        #[test]
        fn every_transform_inverts_itself((low, high) in supports(), u in -8.0..8.0) {
            let t = biject_to(low, high);
            let x = t.forward(u, low, high).x;
            prop_assert!(low < x && x < high);
            // Near an end, x - low loses digits: 8 units there are e^-8 = 3e-4 of the width.
            assert_relative_eq!(t.inverse(x, low, high), u, epsilon = 1e-11, max_relative = 1e-11);
        }

        #[test]
        fn every_derivative_of_every_transform_is_right((low, high) in supports(), u in -6.0..6.0) {
            let t = biject_to(low, high);
            let image = t.forward(u, low, high);
            let h = 1e-5;
            let args = [u, low, high];
            for i in 0..3 {
                if !args[i].is_finite() { continue }
                let at = |step: f64| {
                    let mut a = args;
                    a[i] += step;
                    t.forward(a[0], a[1], a[2])
                };
                let (up, down) = (at(h), at(-h));
                assert_relative_eq!(image.dx[i], (up.x - down.x) / (2.0 * h), epsilon = 1e-8, max_relative = 1e-8);
                let slope = (up.log_jacobian - down.log_jacobian) / (2.0 * h);
                assert_relative_eq!(image.dlog_jacobian[i], slope, epsilon = 1e-8, max_relative = 1e-8);
            }
            assert_relative_eq!(image.log_jacobian, image.dx[0].abs().ln(), epsilon = 1e-12, max_relative = 1e-12);
        }

        #[test]
        fn far_out_the_image_stays_inside_and_finite((low, high) in supports(), u in -700.0..700.0) {
            let image = biject_to(low, high).forward(u, low, high);
            prop_assert!(low < image.x && image.x < high, "{image:?}");
            prop_assert!(image.log_jacobian.is_finite());
        }
    }
}
