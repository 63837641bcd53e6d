//! The real galaxies that stand out of their noise, prepared as the paper has it (section 2.2) but for its cut on the signal.

use arclet::source::data::{Cuts, Galaxy, prepare};

use super::real::{self, Real};

/// The brightest pixel is above so many standard deviations of the noise.
const STANDS_OUT: f32 = 20.0;

/// The cut on the brightest pixel is in the place of that on the signal; small stamps are stretched rather than dropped.
const CUTS: Cuts = Cuts { side: 64, min_side: 1, signal: [-1e9, 1e9] };

/// One such galaxy.
pub struct Bright {
    pub magnitude: f64,
    /// Pixels along the shorter side of its stamp.
    pub stamp_side: usize,
    pub galaxy: Galaxy,
}

/// All of them, brightest first. A stamp that two rows name counts once.
pub fn galaxies() -> anyhow::Result<Vec<Bright>> {
    let mut kept: Vec<Bright> = Vec::new();
    for Real { magnitude, stamp } in real::all()? {
        let Ok(galaxy) = prepare(&stamp, &CUTS) else { continue };
        if galaxy.sigma_noise * STANDS_OUT < 1.0 && kept.iter().all(|other| other.galaxy.pixels != galaxy.pixels) {
            kept.push(Bright { magnitude, stamp_side: stamp.image.width.min(stamp.image.height), galaxy });
        }
    }
    kept.sort_by(|a, b| a.magnitude.total_cmp(&b.magnitude));
    Ok(kept)
}
