//! Disc: the stars of a disc seen face-on, with its arms, ring, bar, patches and lopsidedness.

use super::arms::Arms;
use super::bar::Bar;
use super::patches::Patches;
use super::ring::Ring;
use super::sersic::Sersic;

/// A disc of light, seen face-on; lengths in units of its half-light radius.
#[derive(Debug, Clone)]
pub struct Disc {
    /// Sersic index of its radial profile; 1 is the exponential disc.
    pub index: f64,
    /// Amplitude and angle (radians) of the m = 1 mode, which grows with radius and is full at one half-light radius.
    pub lopsided: [f64; 2],
    /// Spiral arms.
    pub arms: Option<Arms>,
    /// A ring, with its share of the light.
    pub ring: Option<(Ring, f64)>,
    /// A bar, with its share of the light.
    pub bar: Option<(Bar, f64)>,
    /// Star-forming patches.
    pub patches: Patches,
}

/// A disc's face-on brightness on a grid, bilinear between its points.
#[derive(Debug, Clone)]
pub struct Face {
    values: Vec<f64>,
}

/// Points of the grid a side: 0.055 half-light radii apart, finer than the arms of any disc drawn.
const SIDE: usize = 128;

/// The disc ends here, in half-light radii: 6 scale lengths of an exponential disc.
pub const EDGE: f64 = 3.5;

impl Disc {
    /// The disc on its grid, of total light 1.
    #[must_use]
    pub fn face(&self) -> Face {
        let radial = Sersic::new(self.index);
        let mut stars = vec![0.0; SIDE * SIDE];
        let (mut ring, mut bar) = (vec![0.0; SIDE * SIDE], vec![0.0; SIDE * SIDE]);
        for j in 0..SIDE {
            for i in 0..SIDE {
                let (x, y) = (place(i), place(j));
                let r = (x * x + y * y).sqrt();
                if r >= EDGE {
                    continue;
                }
                let k = j * SIDE + i;
                stars[k] = self.stars(&radial, x, y, r);
                ring[k] = self.ring.as_ref().map_or(0.0, |(ring, _)| ring.at(x, y));
                bar[k] = self.bar.as_ref().map_or(0.0, |(bar, _)| bar.at(x, y));
            }
        }
        let shares = [self.ring.as_ref().map_or(0.0, |r| r.1), self.bar.as_ref().map_or(0.0, |b| b.1)];
        let mut values = vec![0.0; SIDE * SIDE];
        for (part, share) in [(&stars, 1.0 - shares[0] - shares[1]), (&ring, shares[0]), (&bar, shares[1])] {
            let total = part.iter().sum::<f64>() * STEP * STEP;
            if total > 0.0 {
                values.iter_mut().zip(part).for_each(|(value, part)| *value += share / total * part);
            }
        }
        Face { values }
    }

    fn stars(&self, radial: &Sersic, x: f64, y: f64, r: f64) -> f64 {
        let [amplitude, angle] = self.lopsided;
        let phi = y.atan2(x);
        let mode = 1.0 + amplitude * r.min(1.0) * (phi - angle).cos();
        // The last fifth fades to nothing, so that the edge is not seen.
        let fade = ((EDGE - r) / (0.2 * EDGE)).min(1.0);
        let arms = self.arms.as_ref().map_or(1.0, |arms| arms.brightening(r, phi));
        radial.at(r) * mode * fade * arms * self.patches.brightening(r, phi)
    }
}

const STEP: f64 = 2.0 * EDGE / SIDE as f64;

/// Where grid point `i` lies.
fn place(i: usize) -> f64 {
    (i as f64 + 0.5) * STEP - EDGE
}

impl Face {
    /// The brightness at a place in half-light radii from the centre; its integral over the disc is 1.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> f64 {
        let (u, v) = ((x + EDGE) / STEP - 0.5, (y + EDGE) / STEP - 0.5);
        let last = (SIDE - 1) as f64;
        if !(0.0..last).contains(&u) || !(0.0..last).contains(&v) {
            return 0.0;
        }
        let (i, j) = (u as usize, v as usize);
        let (a, b) = (u - i as f64, v - j as f64);
        let row = |j: usize| {
            let k = j * SIDE + i;
            (1.0 - a) * self.values[k] + a * self.values[k + 1]
        };
        (1.0 - b) * row(j) + b * row(j + 1)
    }

    /// The place of the fraction `p` of the light, going row by row: a draw from the disc for uniform `p`.
    #[must_use]
    pub fn place_of(&self, p: f64) -> [f64; 2] {
        let target = p * self.values.iter().sum::<f64>();
        let mut sum = 0.0;
        let mut last = 0;
        for (k, value) in self.values.iter().enumerate() {
            sum += value;
            last = k;
            if sum >= target {
                break;
            }
        }
        [place(last % SIDE), place(last / SIDE)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smooth(index: f64) -> Disc {
        Disc { index, lopsided: [0.0; 2], arms: None, ring: None, bar: None, patches: Patches::none() }
    }

    #[test]
    fn half_of_the_light_lies_inside_one() {
        for index in [0.6, 1.0] {
            let face = smooth(index).face();
            let (mut all, mut inside) = (0.0, 0.0);
            let n = 700;
            let h = 2.0 * EDGE / n as f64;
            for j in 0..n {
                for i in 0..n {
                    let (x, y) = ((i as f64 + 0.5) * h - EDGE, (j as f64 + 0.5) * h - EDGE);
                    let light = face.at(x, y) * h * h;
                    all += light;
                    inside += if x.hypot(y) < 1.0 { light } else { 0.0 };
                }
            }
            assert!((all - 1.0).abs() < 2e-3, "{index}: {all}");
            // 3 % of an exponential's light lies at or behind the fading edge, which leaves half of that more inside.
            assert!((inside / all - 0.5).abs() < 0.02, "{index}: {}", inside / all);
        }
    }

    #[test]
    fn a_bar_and_a_ring_take_their_share_of_the_light() {
        let ring = Ring { radius: 1.2, width: 0.1, axis_ratio: 1.0 };
        let with = Disc { ring: Some((ring, 0.3)), ..smooth(1.0) }.face();
        let without = smooth(1.0).face();
        let centre = with.at(0.0, 0.0) / without.at(0.0, 0.0);
        assert!((centre - 0.7).abs() < 1e-6, "{centre}");
        assert!(with.at(1.2, 0.0) > 2.0 * without.at(1.2, 0.0));
    }

    #[test]
    fn draws_follow_the_light() {
        let disc = Disc { lopsided: [0.8, 0.0], ..smooth(1.0) };
        let face = disc.face();
        let n = 1000;
        let mean_x = (0..n).map(|k| face.place_of((k as f64 + 0.5) / n as f64)[0]).sum::<f64>() / n as f64;
        let mut exact = 0.0;
        for j in 0..SIDE {
            for i in 0..SIDE {
                exact += face.values[j * SIDE + i] * place(i) * STEP * STEP;
            }
        }
        assert!(exact > 0.2 && (mean_x - exact).abs() < 0.02, "{mean_x} {exact}");
    }
}
