//! The power spectrum of a field on a periodic grid: Matern's, by its correlation length and its slope.

use std::f64::consts::TAU;

/// The root of the power of each harmonic of a grid of `side` x `side` pixels, `length` being the correlation length in widths of the
/// grid: proportional to [1 + (k length)^2]^(-slope / 4), and such that every pixel of the field has a variance of one; and what its
/// logarithm changes by ln `length` and by `slope`.
#[derive(Clone, Default)]
pub(super) struct Spectrum {
    pub root: Vec<f64>,
    pub by_ln_length: Vec<f64>,
    pub by_slope: Vec<f64>,
}

impl Spectrum {
    /// That of a grid.
    pub fn new(side: usize, length: f64, slope: f64) -> Self {
        let mut spectrum = Spectrum::default();
        spectrum.set(side, length, slope);
        spectrum
    }

    /// The same in place.
    pub fn set(&mut self, side: usize, length: f64, slope: f64) {
        let n = side * side;
        for numbers in [&mut self.root, &mut self.by_ln_length, &mut self.by_slope] {
            numbers.resize(n, 0.0);
        }
        // Cycles a width of the harmonic k: up to the middle, then down again.
        let cycles = |k: usize| k.min(side - k) as f64;
        let (mut total, mut length_mean, mut slope_mean) = (0.0, 0.0, 0.0);
        for (row, y) in (0..side).map(|k| (k, cycles(k))) {
            for (column, x) in (0..side).map(|k| (k, cycles(k))) {
                let at = row * side + column;
                let u = (TAU * length).powi(2) * (x * x + y * y);
                let ln = u.ln_1p();
                let power = (-0.5 * slope * ln).exp();
                // ln(root) = -slope / 4 ln(1 + u) - ln(total) / 2 + ..
                self.root[at] = power;
                self.by_ln_length[at] = -0.5 * slope * u / (1.0 + u);
                self.by_slope[at] = -0.25 * ln;
                total += power;
                length_mean += power * self.by_ln_length[at];
                slope_mean += power * self.by_slope[at];
            }
        }
        let (length_mean, slope_mean) = (length_mean / total, slope_mean / total);
        self.by_ln_length.iter_mut().for_each(|d| *d -= length_mean);
        self.by_slope.iter_mut().for_each(|d| *d -= slope_mean);
        self.root.iter_mut().for_each(|p| *p = (*p * n as f64 / total).sqrt());
    }
}

/// The largest whitened harmonic of a start: those that a spectrum hardly has would be huge.
pub(super) const LARGEST: f64 = 20.0;

/// The scale of each harmonic.
pub(super) fn scales(side: usize, [amp, length, slope]: [f64; 3]) -> Vec<f64> {
    Spectrum::new(side, length, slope).root.iter().map(|root| amp * root).collect()
}

/// The whitened harmonics that are the same field under other scales.
pub(super) fn carried(side: usize, from: &dyn Fn(&str) -> Vec<f64>, to: &dyn Fn(&str) -> Vec<f64>) -> Vec<f64> {
    let scales = |of: &dyn Fn(&str) -> Vec<f64>| scales(side, ["amp", "length", "slope"].map(|name| one(of, name)));
    let harmonics = from("xi").into_iter().zip(scales(from)).zip(scales(to));
    harmonics.map(|((xi, from), to)| (xi * from / to).clamp(-LARGEST, LARGEST)).collect()
}

/// A parameter that is one number.
pub(super) fn one(of: &dyn Fn(&str) -> Vec<f64>, name: &str) -> f64 {
    of(name).first().copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_has_a_variance_of_one() {
        let spectrum = Spectrum::new(12, 0.1, 4.0);
        // The transform is orthonormal: the mean of the powers is the variance of a pixel.
        let mean = spectrum.root.iter().map(|r| r * r).sum::<f64>() / 144.0;
        assert!((mean - 1.0).abs() < 1e-14);
    }

    #[test]
    fn its_slopes_are_those_of_differences() {
        let (side, length, slope, h) = (8, 0.07_f64, 3.3, 1e-6_f64);
        let at = Spectrum::new(side, length, slope);
        let [up, down] = [h, -h].map(|h| Spectrum::new(side, length * h.exp(), slope));
        let [steep, flat] = [h, -h].map(|h| Spectrum::new(side, length, slope + h));
        for i in 0..side * side {
            let by_length = (up.root[i].ln() - down.root[i].ln()) / (2.0 * h);
            let by_slope = (steep.root[i].ln() - flat.root[i].ln()) / (2.0 * h);
            // Rounding of 1e-16 over 2e-6.
            assert!((by_length - at.by_ln_length[i]).abs() < 1e-8 && (by_slope - at.by_slope[i]).abs() < 1e-8);
        }
    }
}
