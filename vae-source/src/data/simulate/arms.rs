//! Arms: logarithmic spirals of any number, pitch and contrast.

use super::spiral::phase;

/// Spiral arms, trailing for a positive pitch.
#[derive(Debug, Clone)]
pub struct Arms {
    /// How many.
    pub number: f64,
    /// Tangent of the pitch angle.
    pub tan_pitch: f64,
    /// Phase, radians.
    pub phase: f64,
    /// How much brighter the crest of an arm is than the disc between the arms, in units of the latter.
    pub contrast: f64,
    /// Narrowness k of the crest exp(k (cos - 1)); 0 is flat, 4 leaves a quarter of the circle.
    pub narrowness: f64,
    /// Where they begin, in half-light radii.
    pub start: f64,
}

impl Arms {
    /// The factor by which arms change the disc at (r, phi), with mean 1 over each circle.
    ///
    /// With g = exp(k (cos m psi - 1)), psi the phase of the spiral: (1 + c g) / (1 + c <g>), c growing from 0 where the arms
    /// begin to the contrast half a radius further out.
    #[must_use]
    pub fn brightening(&self, r: f64, phi: f64) -> f64 {
        let contrast = self.contrast * ((r - self.start) / 0.5).clamp(0.0, 1.0);
        (1.0 + contrast * self.crest(r, phi)) / (1.0 + contrast * self.mean_crest())
    }

    /// 1 on the crest of an arm, towards 0 between the arms.
    #[must_use]
    pub fn crest(&self, r: f64, phi: f64) -> f64 {
        (self.narrowness * ((self.number * phase(r, phi, self.tan_pitch) + self.phase).cos() - 1.0)).exp()
    }

    /// Mean of exp(k (cos - 1)) over a circle, I_0(k) exp(-k), by its power series.
    fn mean_crest(&self) -> f64 {
        let quarter = 0.25 * self.narrowness * self.narrowness;
        let (mut term, mut sum) = (1.0, 1.0);
        for n in 1..40 {
            term *= quarter / f64::from(n * n);
            sum += term;
        }
        sum * (-self.narrowness).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARMS: Arms = Arms { number: 2.0, tan_pitch: 0.36, phase: 0.4, contrast: 1.5, narrowness: 2.0, start: 0.3 };

    #[test]
    fn arms_take_no_light_from_a_circle_and_give_none() {
        for r in [0.2, 0.5, 1.0, 2.0] {
            let n = 720;
            let mean =
                (0..n).map(|k| ARMS.brightening(r, std::f64::consts::TAU * f64::from(k) / f64::from(n))).sum::<f64>()
                    / f64::from(n);
            assert!((mean - 1.0).abs() < 1e-12, "{r}: {mean}");
        }
        assert_eq!(ARMS.brightening(0.3, 1.0), 1.0);
    }

    #[test]
    fn a_crest_keeps_its_pitch() {
        // Along phi = ln(r) / tan(pitch) + const the phase does not change.
        let crest = |r: f64| ARMS.crest(r, r.ln() / ARMS.tan_pitch - 0.2);
        assert!((crest(1.0) - 1.0).abs() < 1e-12 && (crest(2.0) - 1.0).abs() < 1e-12);
        assert!(ARMS.crest(1.0, -0.2 + std::f64::consts::FRAC_PI_2) < 0.02);
    }
}
