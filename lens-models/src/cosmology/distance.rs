//! Distances between two redshifts, Mpc (Hogg 1999, arXiv:astro-ph/9905116).

use std::sync::LazyLock;

use ppl_core::autodiff::Number;

use super::background::Cosmology;
use super::lensing::SPEED_OF_LIGHT;
use crate::quadrature::gauss_legendre;

/// The widest panel in ln(1 + z). The nearest pole of 1 / E is pi / 3 from the real axis, for w = -1; the error of a panel is then 4.4^-32.
const PANEL: f64 = 1.0;
static RULE: LazyLock<Vec<[f64; 2]>> = LazyLock::new(|| gauss_legendre(16));
/// |x| below which sinh(sqrt(x)) / sqrt(x) is its series, and the terms of it: the next is 1e-24.
const NEARLY_FLAT: f64 = 1.0;
const TERMS: u32 = 11;

impl<T: Number> Cosmology<T> {
    /// c / H0 integral_z1^z2 dz / E(z), along the line of sight; negative for z2 < z1.
    pub fn comoving_distance(&self, z1: T, z2: T) -> T {
        let [from, to] = [z1, z2].map(T::ln_1p);
        let panels = ((to.value() - from.value()).abs() / PANEL).ceil().clamp(1.0, 1e3);
        let half = (to - from) * (0.5 / panels);
        let mut sum = T::constant(0.0);
        for panel in 0..panels as usize {
            let middle = from + half * (2.0 * panel as f64 + 1.0);
            for [x, weight] in RULE.iter() {
                let ln_x = middle + half * *x;
                sum = sum + ln_x.exp() / self.expansion(ln_x).sqrt() * *weight;
            }
        }
        T::constant(SPEED_OF_LIGHT) / self.h0 * half * sum
    }

    /// The distance that an angle between two lines of sight spans, as space is comoving: sinh(sqrt(Ok0) d) / sqrt(Ok0) in units of c / H0.
    pub fn transverse_comoving_distance(&self, z1: T, z2: T) -> T {
        let line = self.comoving_distance(z1, z2);
        let d = line * self.h0 / SPEED_OF_LIGHT;
        line * sinh_over(self.ok0 * d * d)
    }

    /// The angular diameter distance of what is at `z2` as seen from `z1`.
    pub fn angular_diameter_distance(&self, z1: T, z2: T) -> T {
        self.transverse_comoving_distance(z1, z2) / (z2 + 1.0)
    }

    /// The luminosity distance of what is at `z`.
    pub fn luminosity_distance(&self, z: T) -> T {
        self.transverse_comoving_distance(T::constant(0.0), z) * (z + 1.0)
    }
}

/// sinh(sqrt(x)) / sqrt(x), which is sin(sqrt(-x)) / sqrt(-x) below 0 and smooth at it.
fn sinh_over<T: Number>(x: T) -> T {
    if x.value().abs() < NEARLY_FLAT {
        // sum x^n / (2 n + 1)!
        let next = |sum: T, n: u32| sum * x / f64::from(2 * n * (2 * n + 1)) + 1.0;
        return (1..=TERMS).rev().fold(T::constant(1.0), next);
    }
    if x.value() > 0.0 {
        let root = x.sqrt();
        return (root.exp() - (-root).exp()) / root * 0.5;
    }
    let root = (-x).sqrt();
    root.sin() / root
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::autodiff::Dual;

    #[test]
    fn an_empty_universe_and_one_of_matter_alone_have_their_closed_forms() {
        let hubble = SPEED_OF_LIGHT / 70.0;
        for z in [1e-4, 0.3, 2.0, 9.0, 1100.0_f64] {
            // Einstein & de Sitter: 2 (1 - 1 / sqrt(1 + z)); Milne: sinh(ln(1 + z)).
            let matter = Cosmology::flat(70.0, 1.0).transverse_comoving_distance(0.0, z) / hubble;
            let exact = 2.0 * (-0.5 * z.ln_1p()).exp_m1().abs();
            assert!((matter / exact - 1.0).abs() < 1e-13, "{z}: {matter} is not {exact}");
            let milne = Cosmology { om0: 0.0, ok0: 1.0, ..Cosmology::flat(70.0, 0.0) };
            let (got, exact) = (milne.transverse_comoving_distance(0.0, z) / hubble, z.ln_1p().sinh());
            assert!((got / exact - 1.0).abs() < 1e-13, "{z}: {got} is not {exact}");
        }
    }

    #[test]
    fn slopes_are_those_of_finite_differences_at_no_curvature_too() {
        for at in [
            [70.0, 0.3, 0.0, -1.0, 0.0, 0.5, 2.0],
            [60.0, 0.25, -0.2, -1.4, 0.6, 0.0, 5.0],
            [80.0, 0.2, 0.5, -0.7, -0.5, 1.0, 0.2],
        ] {
            let of = |v: [f64; 7]| Cosmology::of([v[0], v[1], v[2], v[3], v[4]]).angular_diameter_distance(v[5], v[6]);
            let d = Dual::variables(at);
            let slopes = Cosmology::of([d[0], d[1], d[2], d[3], d[4]]).angular_diameter_distance(d[5], d[6]).slopes;
            for (i, slope) in slopes.iter().enumerate() {
                // Fourth order: h^4 and 1e-16 / h are both near 1e-12.
                let h = 1e-3 * at[i].abs().max(0.1);
                let moved = |by: f64| {
                    let mut v = at;
                    v[i] += by * h;
                    of(v)
                };
                let numeric = (8.0 * (moved(1.0) - moved(-1.0)) - (moved(2.0) - moved(-2.0))) / (12.0 * h);
                assert!((slope - numeric).abs() < 1e-7 * numeric.abs().max(1.0), "{at:?}, {i}: {slope} {numeric}");
            }
        }
    }

    #[test]
    fn a_universe_that_did_not_begin_has_no_distance() {
        let bounce = Cosmology { om0: 0.05, ok0: -1.5, ..Cosmology::flat(70.0, 0.3) };
        assert!(bounce.comoving_distance(0.0, 5.0).is_nan());
    }
}
