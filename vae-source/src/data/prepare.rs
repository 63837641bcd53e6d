//! Prepare: a stamp of a catalogue becomes an image to learn from, or is dropped for a reason (section 2.2 of the paper).

use lens_models::fits::Image;
use rayon::prelude::*;

use super::crop::central_square;
use super::downscale::downscale;
use super::noise_level::noise_ratio;
use super::signal::signal;
use super::{Cuts, Galaxy, Reason, SersicFit, Stamp, Tally};
use crate::error::{Error, Result};

/// Stamps in memory at once; the largest of COSMOS are a megabyte.
const CHUNK: usize = 128;

/// One galaxy: the cuts in the order of [`Reason`], then a square, `side` x `side` pixels, and the division by its maximum.
///
/// # Errors
/// Why it is not kept.
pub fn prepare(stamp: &Stamp, cuts: &Cuts) -> Result<Galaxy, Reason> {
    fit_is_valid(stamp.sersic)?;
    is_finite(&stamp.image)?;
    is_large(&stamp.image, cuts.min_side)?;
    let square = central_square(&stamp.image);
    let image = downscale(&square, cuts.side);
    has_signal(signal(&image, stamp.sigma_noise), cuts.signal)?;
    let (pixels, maximum) = divided_by_maximum(image.pixels)?;
    let sigma = stamp.sigma_noise * noise_ratio(square.width, cuts.side, stamp.correlation.as_deref());
    Ok(Galaxy {
        ident: stamp.ident,
        side: cuts.side,
        pixels,
        sigma_noise: (sigma / f64::from(maximum)) as f32,
        pixel_scale: stamp.pixel_scale * square.width as f64 / cuts.side as f64,
    })
}

/// A galaxy without a fit passes.
fn fit_is_valid(fit: SersicFit) -> Result<(), Reason> {
    match fit {
        SersicFit::Good | SersicFit::Absent => Ok(()),
        SersicFit::Failed => Err(Reason::FitFailed),
        SersicFit::Unphysical => Err(Reason::FitUnphysical),
    }
}

fn is_finite(image: &Image) -> Result<(), Reason> {
    if image.pixels.iter().all(|pixel| pixel.is_finite()) { Ok(()) } else { Err(Reason::NotFinite) }
}

fn is_large(image: &Image, min_side: usize) -> Result<(), Reason> {
    // No cut lets an image without pixels through.
    if image.width.min(image.height) >= min_side.max(1) { Ok(()) } else { Err(Reason::Small) }
}

fn has_signal(signal: f64, [low, high]: [f64; 2]) -> Result<(), Reason> {
    if signal > low { if signal < high { Ok(()) } else { Err(Reason::Bright) } } else { Err(Reason::Faint) }
}

/// The pixels over the largest of them, and that one.
fn divided_by_maximum(mut pixels: Vec<f32>) -> Result<(Vec<f32>, f32), Reason> {
    let maximum = pixels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if maximum <= 0.0 {
        return Err(Reason::Faint);
    }
    pixels.iter_mut().for_each(|pixel| *pixel /= maximum);
    Ok((pixels, maximum))
}

/// Prepares all stamps, in parallel and in their order; a few are in memory at a time. `progress` hears how many were seen.
///
/// # Errors
/// The first stamp that cannot be read, [`Error::AllCut`] if none is kept, and what [`Cuts::check`] finds.
pub fn prepare_all(
    stamps: impl IntoIterator<Item = Result<Stamp>>,
    cuts: &Cuts,
    progress: &mut dyn FnMut(usize),
) -> Result<(Vec<Galaxy>, Tally)> {
    cuts.check()?;
    let mut stamps = stamps.into_iter();
    let (mut galaxies, mut tally) = (Vec::new(), Tally::default());
    loop {
        let chunk: Vec<Stamp> = stamps.by_ref().take(CHUNK).collect::<Result<_>>()?;
        if chunk.is_empty() {
            break;
        }
        let prepared: Vec<Result<Galaxy, Reason>> = chunk.par_iter().map(|stamp| prepare(stamp, cuts)).collect();
        for (stamp, outcome) in chunk.iter().zip(prepared) {
            tally.count(stamp.ident, &outcome);
            galaxies.extend(outcome.ok());
        }
        progress(tally.seen());
    }
    if galaxies.is_empty() { Err(Error::AllCut { tally: Box::new(tally) }) } else { Ok((galaxies, tally)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A blob with the peak 30 sigma, brightest at (x, y) of `width` x `height` pixels.
    fn stamp(width: usize, height: usize, peak: (f32, f32)) -> Stamp {
        let pixel = |i: usize| {
            let (x, y) = ((i % width) as f32 - peak.0, (i / width) as f32 - peak.1);
            3.0 * (-(x * x + y * y) / 200.0).exp()
        };
        Stamp {
            ident: (width * 1000 + height) as i64,
            image: Image { width, height, pixels: (0..width * height).map(pixel).collect() },
            sigma_noise: 0.1,
            correlation: None,
            pixel_scale: 0.03,
            sersic: SersicFit::Good,
        }
    }

    #[test]
    fn each_cut_has_its_reason_and_the_first_that_fails_counts() {
        let cuts = Cuts::default();
        let outcome = |change: &dyn Fn(&mut Stamp)| {
            let mut stamp = stamp(64, 64, (31.5, 31.5));
            change(&mut stamp);
            prepare(&stamp, &cuts).map(|galaxy| galaxy.ident)
        };
        assert_eq!(outcome(&|_| ()), Ok(64_064));
        assert_eq!(outcome(&|s| s.sersic = SersicFit::Absent), Ok(64_064));
        assert_eq!(outcome(&|s| s.sersic = SersicFit::Failed), Err(Reason::FitFailed));
        assert_eq!(outcome(&|s| s.sersic = SersicFit::Unphysical), Err(Reason::FitUnphysical));
        assert_eq!(outcome(&|s| s.image.pixels[7] = f32::NAN), Err(Reason::NotFinite));
        assert_eq!(outcome(&|s| s.image.pixels[7] = f32::INFINITY), Err(Reason::NotFinite));
        assert_eq!(outcome(&|s| s.sigma_noise = 0.21), Err(Reason::Faint));
        assert_eq!(outcome(&|s| s.sigma_noise = 0.05), Err(Reason::Bright));
        let small = |s: &mut Stamp| s.image = stamp(63, 80, (31.0, 40.0)).image;
        assert_eq!(outcome(&small), Err(Reason::Small));
        assert_eq!(
            outcome(&|s| {
                small(s);
                s.image.pixels[0] = f32::NAN;
                s.sersic = SersicFit::Failed;
            }),
            Err(Reason::FitFailed)
        );
        assert_eq!(outcome(&|s| s.image = Image { width: 0, height: 0, pixels: vec![] }), Err(Reason::Small));
    }

    #[test]
    fn an_image_without_light_is_too_faint_whatever_the_cut() {
        let mut dark = stamp(64, 64, (31.5, 31.5));
        dark.image.pixels.fill(-0.5);
        let cuts = Cuts { signal: [-100.0, 100.0], ..Cuts::default() };
        assert_eq!(prepare(&dark, &cuts), Err(Reason::Faint));
    }

    #[test]
    fn the_bounds_of_the_signal_are_outside() {
        assert_eq!(
            [15.0, 15.1, 49.9, 50.0].map(|signal| has_signal(signal, [15.0, 50.0]).err()),
            [Some(Reason::Faint), None, None, Some(Reason::Bright)]
        );
    }

    #[test]
    fn an_oblong_stamp_becomes_a_square_of_wider_pixels_with_less_noise() {
        let galaxy = prepare(&stamp(160, 128, (79.5, 63.5)), &Cuts::default()).unwrap();
        assert_eq!((galaxy.side, galaxy.pixels.len(), galaxy.pixel_scale), (64, 4096, 0.06));
        let peak = galaxy.pixels.iter().position(|pixel| *pixel == 1.0).unwrap();
        // Cropped by 16 pixels left and right, the blob is in the middle.
        assert!((31..=32).contains(&(peak % 64)) && (31..=32).contains(&(peak / 64)), "{peak}");
        // Blocks of 2 x 2 halve sigma; the unit is the block at the peak, its pixels 1/2 and 3/2 from it along x and y.
        let along = 0.5 * ((-0.25_f64 / 200.0).exp() + (-2.25_f64 / 200.0).exp());
        assert!((f64::from(galaxy.sigma_noise) / (0.05 / (3.0 * along * along)) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn all_are_seen_in_order_and_what_is_kept_does_not_depend_on_the_threads() {
        let some =
            |k: usize| if k.is_multiple_of(3) { stamp(60, 70, (30.0, 30.0)) } else { stamp(64 + k, 70, (30.0, 30.0)) };
        let run = |threads: usize| {
            let mut heard = Vec::new();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let stamps: Vec<_> = (0..300).map(|k| Ok(some(k % 50))).collect();
            let prepared =
                pool.install(|| prepare_all(stamps, &Cuts::default(), &mut |seen| heard.push(seen))).unwrap();
            (prepared, heard)
        };
        let ((galaxies, tally), heard) = run(1);
        assert_eq!(heard, [128, 256, 300]);
        assert_eq!((tally.seen(), tally.dropped(Reason::Small), galaxies.len()), (300, 102, 198));
        assert_eq!(galaxies[..3].iter().map(|g| g.ident).collect::<Vec<_>>(), [65_070, 66_070, 68_070]);
        assert_eq!(run(3).0, (galaxies, tally));
    }

    #[test]
    fn none_kept_is_an_error_with_the_tally_and_a_bad_stamp_ends_the_run() {
        let stamps = (0..5).map(|_| Ok(stamp(50, 70, (30.0, 30.0))));
        let error = prepare_all(stamps, &Cuts::default(), &mut |_| ()).unwrap_err().to_string();
        assert_eq!(error, "no galaxy is left of 5: 5 with a stamp too small; loosen one of these cuts");
        let bad = || Err(Error::OutOfRange { what: "x", value: 0.0, allowed: "y" });
        let stamps = [Ok(stamp(64, 64, (31.0, 31.0))), bad()];
        assert!(matches!(prepare_all(stamps, &Cuts::default(), &mut |_| ()), Err(Error::OutOfRange { .. })));
        let cuts = Cuts { side: 7, ..Cuts::default() };
        assert!(matches!(prepare_all([bad()], &cuts, &mut |_| ()), Err(Error::OutOfRange { what: "side", .. })));
    }
}
