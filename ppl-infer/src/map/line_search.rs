//! The line search of Moré & Thuente (1994, doi:10.1145/192115.192132), as an object that is resumed with each answer.
//!
//! It looks for a step a along a direction of descent of f (here -logp), with slope f'(a), such that
//!
//! ```text
//! f(a) <= f(0) + 1e-4 a f'(0)   and   |f'(a)| <= 0.9 |f'(0)|            (strong Wolfe)
//! ```
//!
//! or, where f has sunk into its own rounding error `noise`, the conditions of Hager & Zhang (2005,
//! doi:10.1137/030601880, eq. 4.1), which trust the slopes instead:
//!
//! ```text
//! |f(a) - f(0)| <= noise   and   0.9 f'(0) <= f'(a) <= (2e-4 - 1) f'(0).
//! ```
//!
//! A step where f is not finite is a wall: the search turns back towards the best step and never goes as far again.

use serde::{Deserialize, Serialize};

/// Sufficient decrease (Nocedal & Wright 2006, section 3.1).
const DECREASE: f64 = 1e-4;
/// Curvature (same place, for quasi-Newton directions).
const CURVATURE: f64 = 0.9;
/// Limits of extrapolation, and the shrinkage that an interval must show every two trials (MINPACK-2 `dcsrch`).
const EXTRAPOLATE: [f64; 2] = [1.1, 4.0];
const SHRINK: f64 = 0.66;
/// Relative width below which an interval is a point.
const MIN_WIDTH: f64 = 1e-10;
/// Trials before a search is given up; L-BFGS-B's own limit.
const MAX_TRIALS: usize = 20;
/// Part of the way to a wall that is tried next.
const TURN_BACK: f64 = 0.25;

/// What to do after an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    /// Evaluate this step next.
    Try(f64),
    /// The step just answered will do.
    Accept,
    /// No step was found; the caller may still take the lowest one it saw.
    Fail,
}

/// Function and slope at a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Point {
    step: f64,
    f: f64,
    slope: f64,
}

/// A search in progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LineSearch {
    origin: Point,
    noise: f64,
    /// The step that was asked for last.
    trial: f64,
    /// The best end of the interval, and the other one.
    best: Point,
    other: Point,
    bracketed: bool,
    /// Until a step with sufficient decrease and a rising slope is seen, the search runs on f(a) - 1e-4 a f'(0).
    first_stage: bool,
    /// Widths of the interval one and two trials ago.
    widths: [f64; 2],
    /// The smallest step at which f was not finite.
    wall: f64,
    trials: usize,
}

impl LineSearch {
    /// Starts at step 0 with `f` and a negative `slope`; the caller evaluates `first` and comes back with the answer.
    pub fn new(f: f64, slope: f64, first: f64, noise: f64) -> Self {
        let origin = Point { step: 0.0, f, slope };
        Self {
            origin,
            noise,
            trial: first,
            best: origin,
            other: origin,
            bracketed: false,
            first_stage: true,
            widths: [f64::INFINITY; 2],
            wall: f64::INFINITY,
            trials: 0,
        }
    }

    /// Resumes with function and slope at the step asked for.
    pub fn answer(&mut self, f: f64, slope: f64) -> Verdict {
        self.trials += 1;
        let here = Point { step: self.trial, f, slope };
        let finite = f.is_finite() && slope.is_finite();
        if finite && self.accepts(here) {
            return Verdict::Accept;
        }
        if self.trials >= MAX_TRIALS {
            return Verdict::Fail;
        }
        let next = if finite { self.narrow(here) } else { self.turn_back() };
        let point = self.bracketed && {
            let (low, high) = self.ends();
            next <= low || next >= high || high - low <= MIN_WIDTH * high
        };
        if point || !next.is_finite() || next <= 0.0 {
            return Verdict::Fail;
        }
        self.trial = next;
        Verdict::Try(next)
    }

    fn accepts(&self, here: Point) -> bool {
        let Point { f, slope, .. } = self.origin;
        let wolfe = here.f <= f + DECREASE * here.step * slope && here.slope.abs() <= -CURVATURE * slope;
        let approximate = (here.f - f).abs() <= self.noise
            && here.slope >= CURVATURE * slope
            && here.slope <= (2.0 * DECREASE - 1.0) * slope;
        wolfe || approximate
    }

    fn ends(&self) -> (f64, f64) {
        (self.best.step.min(self.other.step), self.best.step.max(self.other.step))
    }

    /// f is not finite here: the best step stays, and an interval that reaches over the wall is forgotten.
    fn turn_back(&mut self) -> f64 {
        let (best, wall) = (self.best.step, self.trial);
        if wall > best {
            self.wall = wall;
            if self.other.step >= wall {
                self.bracketed = false;
                self.widths = [f64::INFINITY; 2];
            }
        }
        best + TURN_BACK * (wall - best)
    }

    /// One round of `dcsrch`: shrinks the interval around a minimum and names the next step.
    fn narrow(&mut self, here: Point) -> f64 {
        let tilt = DECREASE * self.origin.slope;
        let enough = here.f <= self.origin.f + here.step * tilt;
        self.first_stage &= !(enough && here.slope >= 0.0);
        let (low, high) = if self.bracketed {
            self.ends()
        } else {
            let reach = here.step - self.best.step;
            let far = (here.step + EXTRAPOLATE[1] * reach).min(0.5 * (here.step + self.wall));
            let near = if self.trials == 1 { here.step } else { here.step + EXTRAPOLATE[0] * reach };
            (near.min(far), far)
        };
        let tilted = self.first_stage && here.f <= self.best.f && !enough;
        let lean = |p: Point, by: f64| Point { f: p.f - by * p.step, slope: p.slope - by, ..p };
        let by = if tilted { tilt } else { 0.0 };
        let (mut best, mut other) = (lean(self.best, by), lean(self.other, by));
        let mut next = safeguarded(&mut best, &mut other, lean(here, by), &mut self.bracketed, low, high);
        (self.best, self.other) = (lean(best, -by), lean(other, -by));
        if self.bracketed {
            let width = (self.other.step - self.best.step).abs();
            if width >= SHRINK * self.widths[1] {
                next = 0.5 * (self.best.step + self.other.step);
            }
            self.widths = [width, self.widths[0]];
        }
        next
    }
}

/// The next trial and interval (MINPACK-2 `dcstep`), from cubic and secant steps through the ends and the trial.
fn safeguarded(best: &mut Point, other: &mut Point, here: Point, bracketed: &mut bool, low: f64, high: f64) -> f64 {
    let turned = here.slope * best.slope < 0.0;
    let reach = best.step - here.step;
    let secant = here.step + here.slope / (here.slope - best.slope) * reach;
    let next = if here.f > best.f {
        // Higher: a minimum lies between. The cubic step if it stays nearer to the best end, else half way to the parabola's.
        *bracketed = true;
        let parabola = best.step - 0.5 * best.slope / ((here.f - best.f) / reach + best.slope) * reach;
        match cubic_fraction(*best, here).map(|fraction| best.step - fraction * reach) {
            Some(cubic) if (cubic - best.step).abs() < (parabola - best.step).abs() => cubic,
            Some(cubic) => 0.5 * (cubic + parabola),
            None => parabola,
        }
    } else if turned {
        // Lower, and the slope has turned: a minimum lies between. The farther of cubic and secant.
        *bracketed = true;
        match cubic_fraction(here, *best).map(|fraction| here.step + fraction * reach) {
            Some(cubic) if (cubic - here.step).abs() > (secant - here.step).abs() => cubic,
            _ => secant,
        }
    } else if here.slope.abs() < best.slope.abs() {
        // Lower and flatter: the cubic may have no minimum ahead; then go to the limit.
        let ahead = if here.step > best.step { high } else { low };
        let cubic = match cubic_fraction(here, *best) {
            Some(fraction) if fraction < 0.0 => here.step + fraction * reach,
            _ => ahead,
        };
        let cubic_is_nearer = (cubic - here.step).abs() < (secant - here.step).abs();
        if *bracketed {
            let next = if cubic_is_nearer { cubic } else { secant };
            let limit = here.step + SHRINK * (other.step - here.step);
            if here.step > best.step { next.min(limit) } else { next.max(limit) }
        } else {
            let next = if cubic_is_nearer { secant } else { cubic };
            next.min(high).max(low)
        }
    } else if *bracketed {
        // Lower and steeper, with a minimum known to lie towards the other end.
        here.step + cubic_fraction(here, *other).unwrap_or(0.5) * (other.step - here.step)
    } else if here.step > best.step {
        high
    } else {
        low
    };
    if here.f > best.f {
        *other = here;
    } else {
        if turned {
            *other = *best;
        }
        *best = here;
    }
    next
}

/// Where the cubic through `from` and `to` has its minimum, as a fraction of the way from one to the other.
fn cubic_fraction(from: Point, to: Point) -> Option<f64> {
    let theta = 3.0 * (from.f - to.f) / (to.step - from.step) + from.slope + to.slope;
    let scale = theta.abs().max(from.slope.abs()).max(to.slope.abs());
    let square = (theta / scale).powi(2) - (from.slope / scale) * (to.slope / scale);
    let gamma = (scale * square.sqrt()).copysign(to.step - from.step);
    let (p, q) = ((gamma - from.slope) + theta, ((gamma - from.slope) + gamma) + to.slope);
    (square > 0.0).then_some(p / q)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a search on a function of one variable with its slope; returns the accepted step and the number of trials.
    fn search(phi: impl Fn(f64) -> (f64, f64), first: f64, noise: f64) -> Option<(f64, usize)> {
        let (f, slope) = phi(0.0);
        let mut search = LineSearch::new(f, slope, first, noise);
        let mut step = first;
        for trials in 1.. {
            let (f, slope) = phi(step);
            match search.answer(f, slope) {
                Verdict::Accept => return Some((step, trials)),
                Verdict::Fail => return None,
                Verdict::Try(next) => step = next,
            }
        }
        None
    }

    /// Functions 5.1 to 5.3 of the paper, from first steps 1e-3 to 1e3: each has stretches that mislead a naive search.
    #[test]
    fn the_paper_s_functions_are_searched_from_any_first_step() {
        let one = |a: f64| (-a / (a * a + 2.0), (a * a - 2.0) / (a * a + 2.0).powi(2));
        let two = |a: f64| {
            let b: f64 = a + 0.004;
            (b.powi(5) - 2.0 * b.powi(4), 5.0 * b.powi(4) - 8.0 * b.powi(3))
        };
        let three = |a: f64| {
            let (beta, l) = (0.01, 39.0);
            let k = l * std::f64::consts::FRAC_PI_2;
            let (f0, d0) = if a <= 1.0 - beta {
                (1.0 - a, -1.0)
            } else if a >= 1.0 + beta {
                (a - 1.0, 1.0)
            } else {
                ((a - 1.0).powi(2) / (2.0 * beta) + beta / 2.0, (a - 1.0) / beta)
            };
            (
                f0 + 2.0 * (1.0 - beta) / k * (k * a).sin() / l * l.recip() * l,
                d0 + 2.0 * (1.0 - beta) * (k * a).cos() / l,
            )
        };
        type Phi<'f> = &'f dyn Fn(f64) -> (f64, f64);
        for (phi, name) in [(&one as Phi, "5.1"), (&two as Phi, "5.2"), (&three as Phi, "5.3")] {
            let (f0, d0) = phi(0.0);
            for first in [1e-3, 1e-1, 1e1, 1e3] {
                let (step, trials) = search(phi, first, 0.0).unwrap_or_else(|| panic!("{name} from {first}"));
                let (f, d) = phi(step);
                assert!(
                    f <= f0 + DECREASE * step * d0 && d.abs() <= CURVATURE * d0.abs(),
                    "{name} from {first}: {step}"
                );
                assert!(trials <= 14, "{name} from {first}: {trials} trials");
            }
        }
    }

    #[test]
    fn a_wall_turns_the_search_back() {
        let phi = |a: f64| if a < 0.3 { ((a - 0.2).powi(2), 2.0 * (a - 0.2)) } else { (f64::INFINITY, f64::NAN) };
        let (step, _) = search(phi, 100.0, 0.0).unwrap();
        assert!(step > 0.0 && step < 0.3);
    }

    #[test]
    fn below_the_noise_the_slopes_decide() {
        // The decrease, 5e-9, is far below the rounding of f to 1e-6: without noise no step is acceptable.
        let phi =
            |a: f64| (((1e-8 * (0.5 * a * a - a) + 1.4e-6) * 1e6).round() * 1e-6 + 1e-6 * a.min(1.0), 1e-8 * (a - 1.0));
        assert!(search(phi, 1.0, 0.0).is_none());
        let (step, trials) = search(phi, 1.0, 1e-5).unwrap();
        assert_eq!((step, trials), (1.0, 1));
    }

    #[test]
    fn a_direction_that_only_rises_fails() {
        assert!(search(|a| (a, -1.0), 1.0, 0.0).is_none());
    }
}
