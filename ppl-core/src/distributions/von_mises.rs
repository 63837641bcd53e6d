//! VonMises: a direction in the plane.

use std::f64::consts::PI;

use rand::RngExt as _;
use rand::distr::Open01;

use super::family::{Partials, family};
use crate::support::{Bound, Support};
use crate::rng::Rng;

family! {
    /// log p(x) = k cos(x - loc) - ln(2 pi I0(k)) for -pi <= x <= pi, k = concentration
    pub VonMises: "von_mises", [loc: real, concentration: positive],
        Support::Interval { low: Bound::At(-PI), high: Bound::At(PI) };

    fn log_prob(x: f64, [loc, k]: [f64; 2]) -> Partials<2> {
        let d = x - loc;
        // cos d - 1, exact near the mode, where k and ln I0(k) cancel.
        let fall = -2.0 * (0.5 * d).sin().powi(2);
        let (scaled, rest) = bessel(k);
        let pull = k * d.sin();
        Partials { value: k * fall - (2.0 * PI * scaled).ln(), dx: -pull, dparams: [pull, fall + rest] }
    }

    fn sample(rng: &mut Rng, [loc, k]: [f64; 2]) -> f64 {
        // Best & Fisher 1979; s tends to 1 / k for small k and to 1 + 1 / (2 k)^(1/2) for large.
        let r = 1.0 + (1.0 + 4.0 * k * k).sqrt();
        let s = if k < 1e-5 {
            1.0 / k + k
        } else {
            let rho = (r - (2.0 * r).sqrt()) / (2.0 * k);
            (1.0 + rho * rho) / (2.0 * rho)
        };
        let turn = loop {
            let (u, v): (f64, f64) = (rng.sample(Open01), rng.sample(Open01));
            let z = (PI * u).cos();
            let w = (1.0 + s * z) / (s + z);
            let y = k * (s - w);
            if y * (2.0 - y) > v || (y / v).ln() + 1.0 >= y {
                break w.clamp(-1.0, 1.0).acos();
            }
        };
        let x = loc + if rng.random() { turn } else { -turn };
        (x - 2.0 * PI * (x / (2.0 * PI)).round()).clamp(-PI, PI)
    }
}

/// e^-k I0(k), and 1 - I1(k) / I0(k), for k > 0.
fn bessel(k: f64) -> (f64, f64) {
    if k < 30.0 {
        // The power series of I0 and I1 / (k / 2), all terms positive.
        let q = 0.25 * k * k;
        let (mut term, mut i0, mut i1, mut n) = (1.0, 1.0, 1.0, 1.0);
        while term > 1e-17 * i0 {
            term *= q / (n * n);
            i0 += term;
            i1 += term / (n + 1.0);
            n += 1.0;
        }
        return ((-k).exp() * i0, 1.0 - 0.5 * k * i1 / i0);
    }
    // Hankel's series (DLMF 10.40.1): the terms of I1 after the first are negative, so that nothing cancels in the difference.
    let (mut t0, mut t1, mut i0, mut difference, mut n) = (1.0, 1.0, 1.0, 0.0, 1.0);
    while t0 > 1e-17 {
        let odd = (2.0 * n - 1.0) * (2.0 * n - 1.0);
        t0 *= odd / (8.0 * k * n);
        t1 *= (odd - 4.0) / (8.0 * k * n);
        i0 += t0;
        difference += t0 - t1;
        n += 1.0;
    }
    (i0 / (2.0 * PI * k).sqrt(), difference / i0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distributions::Family;
    use crate::rng::keyed;

    #[test]
    fn the_density_integrates_to_one_around_the_circle() {
        for k in [1e-3, 1.0, 29.9, 30.0, 2000.0] {
            // The rectangle rule is exact for periodic functions as smooth as this.
            let n = 4000;
            let step = 2.0 * PI / f64::from(n);
            let at = |i: i32| VonMises::log_prob(step * (f64::from(i) + 0.5) - PI, [0.4, k]).value.exp();
            approx::assert_relative_eq!((0..n).map(|i| step * at(i)).sum::<f64>(), 1.0, epsilon = 1e-13);
        }
    }

    #[test]
    fn draws_have_the_mean_direction_and_its_length() {
        for (loc, k) in [(0.4, 1.5), (3.1, 40.0), (-2.0, 1e-7), (-7.0, 0.3)] {
            let (n, mut rng) = (40_000, keyed(5, "von_mises", 0));
            let draws: Vec<f64> = (0..n).map(|_| VonMises::sample(&mut rng, [loc, k])).collect();
            assert!(draws.iter().all(|x| x.abs() <= PI));
            let mean = |f: fn(f64) -> f64| draws.iter().map(|x| f(x - loc)).sum::<f64>() / f64::from(n);
            // E cos = I1 / I0 and E sin = 0, each known from n draws to 1 / sqrt(2 n) or better; 4.5 of these.
            let allowed = 4.5 / f64::from(2 * n).sqrt();
            assert!((mean(f64::cos) - (1.0 - bessel(k).1)).abs() < allowed, "{loc} {k}");
            assert!(mean(f64::sin).abs() < allowed, "{loc} {k}");
        }
    }
}
