//! Straight: coordinates in which the posterior of an elliptical power law is not bent.

use std::f64::consts::PI;

use lens_models::parameter::ParameterKind;
use lens_models::system::{Component, System};
use ppl_core::handler::Trace;
use ppl_core::support::Support;
use ppl_core::{Ctx, LogDensity, ModelDensity};
use ppl_infer::Target;
use ppl_infer::posterior::Posterior;

/// Which unconstrained numbers of a density engines see otherwise: those of the ellipses of its lenses.
#[derive(Clone, Debug, Default)]
pub(super) struct Straight(Vec<Ellipse>);

/// An ellipse by its semi-major axis r > 0, its axis ratio q in (0, 1) and its direction phi within half a turn.
///
/// Data know theta_E = sqrt(q) r, and shear resembles a change of e1 and e2, so that posteriors are bent in (r, q, phi), and end where phi does. Here
/// they are seen as
///
/// ln theta_E = ln r + ln(q) / 2 and w = -ln(q) (cos 2 phi, sin 2 phi), which is 2 (e1, e2) where these are small: a plane without an end.
#[derive(Clone, Copy, Debug)]
struct Ellipse {
    /// Where r, q and phi are.
    at: [usize; 3],
    /// The middle of the half turn.
    middle: f64,
}

/// ln(1 - e^-s)
fn ln_one_less(s: f64) -> f64 {
    (-(-s).exp_m1()).ln()
}

impl Ellipse {
    /// The ellipse of a component whose priors, as the trace has them, let it be any.
    fn of(component: &Component, trace: &Trace, place: impl Fn(&str) -> Option<usize>) -> Option<Self> {
        let found = |kind: ParameterKind| {
            let site = component.site(component.profile.parameters().iter().find(|p| p.kind == kind)?);
            let dist = trace.get(&site).filter(|site| site.plates.is_empty())?.dist.clone()?;
            let Support::Interval { low, high } = dist.support() else { return None };
            // An end that is another value, and a coordinate that is one already, stay what they are.
            let stays = low.is_traced() || high.is_traced() || dist.gauge().is_some();
            (!stays).then_some((place(&site)?, low.numbers()[0], high.numbers()[0]))
        };
        let (r, zero, infinite) = found(ParameterKind::EinsteinRadius)?;
        let (q, flat, round) = found(ParameterKind::AxisRatio)?;
        let (phi, from, to) = found(ParameterKind::Angle)?;
        let is_any = zero == 0.0 && infinite == f64::INFINITY && flat == 0.0 && round == 1.0;
        (is_any && (to - from - PI).abs() < 1e-9).then_some(Ellipse { at: [r, q, phi], middle: 0.5 * (from + to) })
    }

    /// From these coordinates to those of the sites, which are ln r, ln q - ln (1 - q) and the like of phi; ln |d site / d here|.
    fn leave(&self, position: &mut [f64]) -> f64 {
        let [r, q, phi] = self.at;
        let (w, (sin, cos)) = ([position[q], position[phi]], (2.0 * self.middle).sin_cos());
        let s = w[0].hypot(w[1]);
        // From the middle on, as a part of the half turn.
        let turned = (w[1] * cos - w[0] * sin).atan2(w[0] * cos + w[1] * sin) / (2.0 * PI);
        let (before, behind) = (0.5 + turned, 0.5 - turned);
        position[r] += 0.5 * s;
        position[q] = -s - ln_one_less(s);
        position[phi] = before.ln() - behind.ln();
        -ln_one_less(s) - (2.0 * s).ln() - (PI * before * behind).ln()
    }

    /// From the coordinates of the sites to these.
    fn enter(&self, position: &mut [f64]) {
        let [r, q, phi] = self.at;
        // -ln q = ln(1 + e^-u)
        let s = (-position[q]).exp().ln_1p();
        let angle = 2.0 * (self.middle + PI * (1.0 / (1.0 + (-position[phi]).exp()) - 0.5));
        position[r] -= 0.5 * s;
        (position[q], position[phi]) = (s * angle.cos(), s * angle.sin());
    }

    /// The gradient by these coordinates at `here`, from that by those of the sites at `site`, and of what [`leave`](Self::leave) returns.
    fn pull_back(&self, here: &[f64], site: &[f64], gradient: &mut [f64]) {
        let [r, q, phi] = self.at;
        let (w, before) = ([here[q], here[phi]], 1.0 / (1.0 + (-site[phi]).exp()));
        let (s, slope) = (w[0].hypot(w[1]), PI * before * (1.0 - before));
        let flat = -(-s).exp_m1();
        let by_s = 0.5 * gradient[r] - (gradient[q] + 1.0 - flat) / flat - 1.0 / s;
        let by_phi = (gradient[phi] - (1.0 - 2.0 * before)) / slope;
        let around = 0.5 * by_phi / (s * s);
        (gradient[q], gradient[phi]) = (by_s * w[0] / s - around * w[1], by_s * w[1] / s + around * w[0]);
    }
}

impl Straight {
    /// The ellipses of a system's lenses, in a density of it, at a position.
    pub fn of<M, R>(system: &System, density: &ModelDensity<M>, position: &[f64]) -> ppl_core::Result<Self>
    where
        M: Fn(&mut Ctx) -> ppl_core::Result<R>,
    {
        let trace = density.run_at(position)?;
        let place = |site: &str| density.layout().entries().iter().find(|e| &*e.name == site).map(|e| e.offset);
        Ok(Straight(system.components.iter().filter_map(|c| Ellipse::of(c, &trace, place)).collect()))
    }

    /// The same point in these coordinates.
    pub fn enter(&self, position: &[f64]) -> Vec<f64> {
        let mut here = position.to_vec();
        self.0.iter().for_each(|ellipse| ellipse.enter(&mut here));
        here
    }

    /// The same point in the coordinates of the density.
    pub fn leave(&self, here: &[f64]) -> Vec<f64> {
        let mut position = here.to_vec();
        self.0.iter().for_each(|ellipse| _ = ellipse.leave(&mut position));
        position
    }

    /// How much the log density by these coordinates is above that of the sites at a point. It has no bound where q is 1: a flat prior of q is
    /// one over |w| in the plane. What is highest is therefore asked of the density of the sites.
    pub fn slope(&self, here: &[f64]) -> f64 {
        let mut position = here.to_vec();
        self.0.iter().map(|ellipse| ellipse.leave(&mut position)).sum()
    }

    /// The density by these coordinates.
    pub fn density<'a, D>(&'a self, density: &'a D) -> Straightened<'a, D> {
        Straightened { straight: self, density }
    }
}

/// A density by straight coordinates.
pub(super) struct Straightened<'a, D> {
    straight: &'a Straight,
    density: &'a D,
}

impl<D: LogDensity> LogDensity for Straightened<'_, D> {
    fn dim(&self) -> usize {
        self.density.dim()
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
        let (dim, ellipses) = (self.dim(), &self.straight.0);
        if ellipses.is_empty() {
            return self.density.logp_and_grad(positions, logp, grad);
        }
        let mut sites = positions.to_vec();
        let leave = |site: &mut [f64]| ellipses.iter().map(|ellipse| ellipse.leave(site)).sum::<f64>();
        let slopes: Vec<f64> = sites.chunks_exact_mut(dim).map(leave).collect();
        self.density.logp_and_grad(&sites, logp, grad)?;
        logp.iter_mut().zip(slopes).for_each(|(logp, slope)| *logp += slope);
        let lanes = positions.chunks_exact(dim).zip(sites.chunks_exact(dim)).zip(grad.chunks_exact_mut(dim));
        lanes.for_each(|((here, site), grad)| ellipses.iter().for_each(|e| e.pull_back(here, site, grad)));
        Ok(())
    }
}

impl<D: Target> Target for Straightened<'_, D> {
    fn describe(&self, draws: &[f64], posterior: &mut Posterior) -> ppl_infer::Result<()> {
        let sites: Vec<f64> = draws.chunks(self.dim().max(1)).flat_map(|here| self.straight.leave(here)).collect();
        self.density.describe(&sites, posterior)
    }

    fn draw_prior(&self, seed: u64) -> ppl_infer::Result<Vec<f64>> {
        self.density.draw_prior(seed).map(|position| self.straight.enter(&position))
    }

    fn not_a_number(&self) -> std::collections::BTreeMap<String, u64> {
        self.density.not_a_number()
    }

    fn unfit_site(&self, here: &[f64]) -> Option<String> {
        self.density.unfit_site(&self.straight.leave(here))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_infer::target::FnDensity;

    const ELLIPSE: Ellipse = Ellipse { at: [1, 2, 3], middle: 0.3 };

    /// Something that depends on all four numbers, and falls off.
    fn density() -> FnDensity<impl Fn(&[f64], &mut [f64]) -> f64> {
        FnDensity::new(4, |x, gradient| {
            let to = [0.1, 0.4, 1.2, -0.3];
            (0..4).for_each(|i| gradient[i] = to[i] - x[i] - 0.2 * x[(i + 1) % 4] - 0.2 * x[(i + 3) % 4]);
            (0..4).map(|i| x[i] * (to[i] - 0.5 * x[i] - 0.2 * x[(i + 1) % 4])).sum()
        })
    }

    const POINTS: [[f64; 4]; 4] =
        [[0.3, 0.2, 0.5, 0.1], [-1.0, 0.4, 3.0, 2.5], [0.0, -0.5, -2.0, -3.0], [0.2, 0.0, 6.0, 0.7]];

    #[test]
    fn a_point_comes_back_and_is_the_ellipse_that_the_formula_says() {
        let straight = Straight(vec![ELLIPSE]);
        for point in POINTS {
            let here = straight.enter(&point);
            // Through ln(1 + e^-6) and back: 1e-16 / 0.0025.
            straight.leave(&here).iter().zip(point).for_each(|(a, b)| assert!((a - b).abs() < 1e-11, "{a} {b}"));
            let sigmoid = |u: f64| 1.0 / (1.0 + (-u).exp());
            let (r, q, phi) = (point[1].exp(), sigmoid(point[2]), 0.3 + PI * (sigmoid(point[3]) - 0.5));
            let expected = [(q.sqrt() * r).ln(), -q.ln() * (2.0 * phi).cos(), -q.ln() * (2.0 * phi).sin()];
            here[1..].iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "{a} {b}"));
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_density_with_its_jacobian() {
        let (straight, density) = (Straight(vec![ELLIPSE]), density());
        let straightened = straight.density(&density);
        let at = |x: &[f64]| {
            let (mut logp, mut grad) = ([0.0], vec![0.0; 4]);
            straightened.logp_and_grad(x, &mut logp, &mut grad).map(|()| (logp[0], grad)).unwrap()
        };
        for point in POINTS {
            let here = straight.enter(&point);
            let (mut by_sites, mut grad) = ([0.0], [0.0; 4]);
            density.logp_and_grad(&point, &mut by_sites, &mut grad).unwrap();
            // As the way back above: 1e-11.
            assert!((at(&here).0 - straight.slope(&here) - by_sites[0]).abs() < 1e-9);
            // The smallest |w| is 0.0025.
            let step = 1e-6;
            for (i, slope) in at(&here).1.into_iter().enumerate() {
                let moved = |by: f64| (0..4).map(|k| here[k] + if k == i { by } else { 0.0 }).collect::<Vec<f64>>();
                let difference = (at(&moved(step)).0 - at(&moved(-step)).0) / (2.0 * step);
                assert!((slope - difference).abs() < 1e-5 * slope.abs().max(1.0), "{i}: {slope} {difference}");
            }
            // The Jacobian is the determinant of differences of the way out.
            let column = |i: usize| {
                let moved = |by: f64| {
                    straight.leave(&(0..4).map(|k| here[k] + if k == i { by } else { 0.0 }).collect::<Vec<f64>>())
                };
                let (up, down) = (moved(1e-7), moved(-1e-7));
                [1, 2, 3].map(|k| (up[k] - down[k]) / 2e-7)
            };
            let [a, b, c] = [1, 2, 3].map(column);
            let cross = [b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]];
            let determinant = a.iter().zip(cross).map(|(a, b)| a * b).sum::<f64>().abs();
            let said = ELLIPSE.leave(&mut here.clone());
            assert!((determinant.ln() - said).abs() < 1e-5, "{} {said}", determinant.ln());
        }
    }

    #[test]
    fn a_direction_goes_on_behind_the_end_of_its_half_turn() {
        // Just before and just behind the end: the same ellipse nearly, and nearly the same place.
        let straight = Straight(vec![Ellipse { middle: 0.0, ..ELLIPSE }]);
        let [before, behind] = [12.0, -12.0].map(|phi| straight.enter(&[0.0, 0.0, 0.5, phi]));
        before.iter().zip(behind).for_each(|(a, b)| assert!((a - b).abs() < 1e-4, "{a} {b}"));
    }
}
