//! Tail: a tidal tail or stream, a fading string of blobs.

use super::blob::Blob;

/// A tail that leaves its galaxy and curves.
#[derive(Debug, Clone)]
pub struct Tail {
    /// The centre that it turns about, arcsec from the centre of the image.
    pub centre: [f64; 2],
    /// Where it begins and ends: distance from that centre, arcsec.
    pub reach: [f64; 2],
    /// Angle at which it begins and how far it turns, radians.
    pub turn: [f64; 2],
    /// Standard deviation of its width at its beginning, arcsec; it doubles towards the end.
    pub width: f64,
    /// Its light.
    pub flux: f64,
}

impl Tail {
    /// The tail as blobs half a width apart, fading linearly.
    #[must_use]
    pub fn blobs(&self) -> Vec<Blob> {
        let [from, to] = self.reach;
        let length = (to - from).hypot(0.5 * (from + to) * self.turn[1]);
        let n = ((2.0 * length / self.width).ceil() as usize).clamp(4, 200);
        let fade = |t: f64| 1.0 - 0.8 * t;
        let sum: f64 = (0..n).map(|k| fade(k as f64 / n as f64)).sum();
        let blob = |k: usize| {
            let t = k as f64 / n as f64;
            let (r, phi) = (from + (to - from) * t, self.turn[0] + self.turn[1] * t);
            let flux = self.flux * fade(t) / sum;
            Blob {
                centre: [self.centre[0] + r * phi.cos(), self.centre[1] + r * phi.sin()],
                sigma: self.width * (1.0 + t),
                flux,
            }
        };
        (0..n).map(blob).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_has_its_light_between_its_ends() {
        let tail = Tail { centre: [0.0; 2], reach: [0.5, 1.5], turn: [0.0, 1.0], width: 0.05, flux: 2.0 };
        let blobs = tail.blobs();
        assert!((blobs.iter().map(|b| b.flux).sum::<f64>() - 2.0).abs() < 1e-12);
        let last = blobs[blobs.len() - 1].centre;
        assert!((last[0].hypot(last[1]) - 1.5).abs() < 0.03 && (last[1].atan2(last[0]) - 1.0).abs() < 0.03);
    }
}
