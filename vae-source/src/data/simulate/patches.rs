//! Patches: the flocculent, log-normal unevenness of star-forming discs, wound up by rotation.

use ppl_core::rng::Rng;
use rand::RngExt as _;
use rand_distr::StandardNormal;

use super::spiral::phase;

/// A random field on the disc: three octaves of lattice noise.
#[derive(Debug, Clone)]
pub struct Patches {
    /// Standard deviation of the logarithm of the brightness.
    pub amplitude: f64,
    /// Size of the largest patches, in half-light radii.
    pub size: f64,
    /// Tangent of the pitch along which they are wound; `None` leaves them round.
    pub tan_pitch: Option<f64>,
    lattice: Vec<f32>,
}

/// Points of the lattice a side; the field repeats beyond, further than any disc reaches.
const LATTICE: usize = 64;

/// Octaves and their shares of the variance: most power on the largest scale, a spectrum near k^-3.
const OCTAVES: [(f64, f64); 3] = [(1.0, 0.55), (2.0, 0.3), (4.0, 0.15)];

/// Mean square of the interpolation weights of smoothstep between unit normals, (26/35)^2: what a bilinear field loses.
const VARIANCE: f64 = (26.0 / 35.0) * (26.0 / 35.0);

impl Patches {
    /// No patches.
    #[cfg(test)]
    pub fn none() -> Self {
        Self { amplitude: 0.0, size: 1.0, tan_pitch: None, lattice: Vec::new() }
    }

    /// Patches drawn from `rng`.
    #[must_use]
    pub fn draw(rng: &mut Rng, amplitude: f64, size: f64, tan_pitch: Option<f64>) -> Self {
        let lattice = (0..LATTICE * LATTICE).map(|_| rng.sample(StandardNormal)).collect();
        Self { amplitude, size, tan_pitch, lattice }
    }

    /// The factor by which patches change the disc at (r, phi): exp(a g - a^2 / 2) with g of unit variance, so that its mean
    /// is 1.
    #[must_use]
    pub fn brightening(&self, r: f64, phi: f64) -> f64 {
        if self.amplitude == 0.0 {
            return 1.0;
        }
        // Winding: every place is looked up where it was before the disc turned.
        let phi = self.tan_pitch.map_or(phi, |tan_pitch| phase(r.max(0.15), phi, tan_pitch));
        let (sin, cos) = phi.sin_cos();
        let (x, y) = (r * cos, r * sin);
        let g: f64 = OCTAVES
            .iter()
            .enumerate()
            .map(|(k, (octave, share))| {
                let scale = octave / self.size;
                // Octaves look at different parts of the lattice, so that they do not line up at the centre.
                let shift = 17.3 * k as f64 + 32.0;
                (share / VARIANCE).sqrt() * self.noise(x * scale + shift, y * scale + shift)
            })
            .sum();
        (self.amplitude * g - 0.5 * self.amplitude * self.amplitude).exp()
    }

    /// Lattice noise: normals at whole numbers, smoothstep between.
    fn noise(&self, x: f64, y: f64) -> f64 {
        let cell = |x: f64| {
            let t = x - x.floor();
            (x.floor().rem_euclid(LATTICE as f64) as usize % LATTICE, t * t * (3.0 - 2.0 * t))
        };
        let ((i, a), (j, b)) = (cell(x), cell(y));
        let at = |i: usize, j: usize| f64::from(self.lattice[(j % LATTICE) * LATTICE + i % LATTICE]);
        let row = |j: usize| (1.0 - a) * at(i, j) + a * at(i + 1, j);
        (1.0 - b) * row(j) + b * row(j + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::rng::keyed;

    #[test]
    fn patches_change_the_light_by_their_amplitude_and_leave_its_mean() {
        let (mut sum, mut log, mut square) = (0.0, 0.0, 0.0);
        let n = 40_000;
        for k in 0..200 {
            let patches = Patches::draw(&mut keyed(3, "patches", k), 0.4, 0.7, Some(0.3));
            for i in 0..n / 200 {
                let (x, y) = (0.013 * f64::from(i % 20) - 1.3, 0.21 * f64::from(i / 20) - 0.9);
                let value = patches.brightening(x.hypot(y), y.atan2(x));
                sum += value;
                log += value.ln();
                square += value.ln().powi(2);
            }
        }
        let n = f64::from(n);
        let sd = (square / n - (log / n).powi(2)).sqrt();
        // 200 fields of a few independent patches each: a few per cent.
        assert!((sd - 0.4).abs() < 0.02 && (sum / n - 1.0).abs() < 0.05, "{sd} {}", sum / n);
        assert_eq!(Patches::none().brightening(0.3, 0.4), 1.0);
    }
}
