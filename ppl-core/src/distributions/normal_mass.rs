//! The standard normal between two ends, without loss in the far tails or in narrow intervals.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use libm::{erf, erfc};
use statrs::function::erf::erfc_inv;

use super::incomplete;

/// sqrt(2 pi)
const SQRT_2PI: f64 = 2.506_628_274_631_000_7;

/// R(z) = mass above z / density at z (Mills' ratio) and 1 / R(z) - z, for z >= 0.
fn mills(z: f64) -> (f64, f64) {
    let u = z * FRAC_1_SQRT_2;
    if u < 3.0 {
        let ratio = 0.5 * SQRT_2PI * (u * u).exp() * erfc(u);
        return (ratio, 1.0 / ratio - z);
    }
    // Laplace's continued fraction, which has converged after 40 levels from u = 3 on.
    let above = 1.0 / (2..=40).rev().fold(z, |t, k| z + f64::from(k) / t);
    (1.0 / (z + above), above)
}

/// Gauss-Legendre nodes and weights on (0, 1), to be mirrored.
const NODES: [[f64; 2]; 5] = [
    [0.148_874_338_981_631_2, 0.295_524_224_714_752_9],
    [0.433_395_394_129_247_2, 0.269_266_719_309_996_4],
    [0.679_409_568_299_024_4, 0.219_086_362_515_982_04],
    [0.865_063_366_688_984_5, 0.149_451_349_150_580_6],
    [0.973_906_528_517_171_7, 0.066_671_344_308_688_14],
];

/// The integral of f over (from, to) by ten nodes: exact to the last digit where ln f changes by about one.
fn gauss_legendre<const K: usize>(from: f64, to: f64, f: impl Fn(f64) -> [f64; K]) -> [f64; K] {
    let (m, h) = (0.5 * (from + to), 0.5 * (to - from));
    NODES.iter().fold([0.0; K], |sums, [t, w]| {
        let (left, right) = (f(m - h * t), f(m + h * t));
        std::array::from_fn(|k| sums[k] + h * w * (left[k] + right[k]))
    })
}

/// An interval of the standard normal: its ends and its width, which the caller knows to more digits than high - low has.
#[derive(Clone, Copy)]
pub(super) struct Interval {
    /// The lower end, or minus infinity.
    pub low: f64,
    /// The upper end, or infinity.
    pub high: f64,
    /// Their distance.
    pub width: f64,
}

/// What the mass of an [`Interval`] is and how it moves, all by the height of the density at one point: the `origin`.
pub(super) struct Mass {
    /// The end nearest to the middle of the normal; zero for an interval around the middle that is not narrow.
    pub origin: Origin,
    /// The mass over the density at the origin.
    pub ratio: f64,
    /// E[z - origin].
    pub mean: f64,
    /// E[z^2 - origin^2].
    pub square: f64,
    /// The density at the two ends over the mass.
    pub at_ends: [f64; 2],
}

/// The point from which an interval is described.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Origin {
    /// The lower end.
    Low,
    /// The middle of the normal.
    Zero,
    /// The upper end.
    High,
}

impl Interval {
    fn mirrored(self) -> Self {
        Interval { low: -self.high, high: -self.low, width: self.width }
    }

    /// Its mass and moments.
    pub(super) fn mass(self) -> Mass {
        if self.low + self.high < 0.0 {
            let mirror = self.mirrored().mass();
            let origin = if mirror.origin == Origin::Low { Origin::High } else { mirror.origin };
            let [above, below] = mirror.at_ends;
            return Mass { origin, mean: -mirror.mean, at_ends: [below, above], ..mirror };
        }
        let Interval { low: a, high: b, width: w } = self;
        // The density at the upper end over that at the lower.
        let fall = (-w * (a + 0.5 * w)).exp();
        if self.is_narrow() {
            // A difference of two tails would lose digits.
            let weigh = |t: f64| {
                let weight = (-t * (a + 0.5 * t)).exp();
                [weight, weight * t, weight * t * (2.0 * a + t)]
            };
            let [ratio, mean, square] = gauss_legendre(0.0, w, weigh);
            let at_ends = [1.0 / ratio, fall / ratio];
            return Mass { origin: Origin::Low, ratio, mean: mean / ratio, square: square / ratio, at_ends };
        }
        if a >= 0.0 {
            let ((below, excess), (above, above_excess)) = (mills(a), if fall > 0.0 { mills(b) } else { (0.0, 0.0) });
            let ratio = below - fall * above;
            // 1 - a R(a) = R(a) (1 / R(a) - a): the excess is known without the difference.
            let beyond = if fall > 0.0 { fall * above * (above_excess + w) } else { 0.0 };
            let mean = (below * excess - beyond) / ratio;
            let at_ends = [1.0 / ratio, fall / ratio];
            let square = 1.0 + a * mean - if fall > 0.0 { w * at_ends[1] } else { 0.0 };
            return Mass { origin: Origin::Low, ratio, mean, square, at_ends };
        }
        let ratio = 0.5 * SQRT_2PI * (erf(b * FRAC_1_SQRT_2) + erf(-a * FRAC_1_SQRT_2));
        let density = |end: f64| if end.is_finite() { (-0.5 * end * end).exp() / ratio } else { 0.0 };
        let at_ends = [density(a), density(b)];
        let drawn = |end: f64, density: f64| if end.is_finite() { end * density } else { 0.0 };
        let square = 1.0 + drawn(a, at_ends[0]) - drawn(b, at_ends[1]);
        Mass { origin: Origin::Zero, ratio, mean: at_ends[0] - at_ends[1], square, at_ends }
    }

    /// Whether the logarithm of the density changes by less than about one from the middle of the interval to its ends.
    fn is_narrow(self) -> bool {
        let (m, h) = (0.5 * (self.low + self.high), 0.5 * self.width);
        h < 1.0 && (m * h).abs() < 1.0
    }

    /// A point by the origin: where the origin is, and how far from it the point at `z` lies, `from_ends` inside the interval.
    pub(super) fn seen_from(self, origin: Origin, z: f64, from_ends: [f64; 2]) -> (f64, f64) {
        match origin {
            Origin::Low => (self.low, from_ends[0]),
            Origin::Zero => (0.0, z),
            Origin::High => (self.high, -from_ends[1]),
        }
    }

    /// The fraction of its mass below the point at `z`, `from_ends` inside the interval.
    pub(super) fn below(self, z: f64, from_ends: [f64; 2]) -> f64 {
        let (whole, part) = (self.mass(), Interval { high: z, width: from_ends[0], ..self }.mass());
        // The two are by the density at different points.
        let (from, step) = match part.origin {
            Origin::Low => self.seen_from(whole.origin, self.low, [0.0, self.width]),
            Origin::High => self.seen_from(whole.origin, z, from_ends),
            Origin::Zero => (0.0, 0.0),
        };
        (-step * (from + 0.5 * step)).exp() * part.ratio / whole.ratio
    }

    /// The point with the fraction `p` of the mass below it: an origin, and where the point lies from there.
    pub(super) fn quantile(self, p: f64) -> (Origin, f64) {
        let flip = self.low + self.high < 0.0;
        let upward = if flip { self.mirrored() } else { self };
        let (whole, a) = (upward.mass(), upward.low);
        let sign = if flip { -1.0 } else { 1.0 };
        if whole.origin == Origin::Zero || !self.is_narrow() && a < 4.0 {
            let (below, above) = if flip { (1.0 - p, p) } else { (p, 1.0 - p) };
            let tail = |z: f64| 0.5 * erfc(z * FRAC_1_SQRT_2);
            let height = if whole.origin == Origin::Zero { 1.0 } else { (-0.5 * a * a).exp() };
            let mass = height * whole.ratio / SQRT_2PI;
            let (lower, upper) = (tail(-a) + below * mass, tail(upward.high) + above * mass);
            let z = SQRT_2 * if upper < lower { erfc_inv(2.0 * upper) } else { -erfc_inv(2.0 * lower) };
            // Not `clamp`, which panics at ends so far out that they are no numbers.
            return (Origin::Zero, sign * z.max(a).min(upward.high));
        }
        // In the logarithm of the distance from the origin, on either side of the mean distance.
        let tails = |u: f64| {
            let t = u.exp().min(self.width);
            let (z, rest) = (a + t, self.width - t);
            let above = Interval { low: z, width: rest, ..upward }.mass().ratio * (-t * (a + 0.5 * t)).exp();
            (upward.below(z, [t, rest]), above / whole.ratio)
        };
        let (start, swap) = (whole.mean.ln(), |(below, above)| (above, below));
        let ln_distance = if flip {
            -incomplete::quantile(p, -start, |u| swap(tails(-u)))
        } else {
            incomplete::quantile(p, start, tails)
        };
        (if flip { Origin::High } else { Origin::Low }, sign * ln_distance.exp().min(self.width))
    }

    /// An origin, the mean from there, and the variance: by quadrature around the highest point.
    pub(super) fn moments(self) -> (Origin, f64, f64) {
        let (origin, top, below, above) = match self {
            Interval { low, width, .. } if low > 0.0 => (Origin::Low, low, 0.0, width),
            Interval { high, width, .. } if high < 0.0 => (Origin::High, high, width, 0.0),
            Interval { low, high, .. } => (Origin::Zero, 0.0, -low, high),
        };
        // The density falls by a factor e per panel or faster, so nothing is left beyond 45 of them.
        let panel = 1.0 / top.abs().max(1.0);
        let (from, to) = (-below.min(45.0 * panel), above.min(45.0 * panel));
        let panels = ((to - from) / panel).ceil().max(1.0);
        let edge = |i: f64| from + (to - from) * i / panels;
        let mut sums = [0.0; 3];
        for i in 0..panels as usize {
            let part = gauss_legendre(edge(i as f64), edge(i as f64 + 1.0), |t| {
                let weight = (-top * t - 0.5 * t * t).exp();
                [weight, weight * t, weight * t * t]
            });
            sums = std::array::from_fn(|k| sums[k] + part[k]);
        }
        let mean = sums[1] / sums[0];
        (origin, mean, sums[2] / sums[0] - mean * mean)
    }
}
