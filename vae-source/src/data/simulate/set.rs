//! Set: as many simulated galaxies as asked for that pass the cuts.

use rayon::prelude::*;

use super::simulator::Simulator;
use crate::data::{Cuts, Galaxy, Reason, Tally, prepare};
use crate::error::{Error, Result};

/// Galaxies drawn at once; what passes does not depend on it.
const BATCH: u64 = 256;

/// With fewer than one galaxy in so many kept, the cuts are too tight to go on.
const HOPELESS: usize = 500;

/// Draws galaxies until `n` of them pass the cuts; `progress` hears how many have.
///
/// # Errors
/// [`Error::AllCut`] when none passes, [`Error::NextToNoneKept`] when too few do to go on, and what [`Cuts::check`] finds.
pub fn simulate_set(
    simulator: &Simulator,
    n: usize,
    cuts: &Cuts,
    progress: &mut dyn FnMut(usize),
) -> Result<(Vec<Galaxy>, Tally)> {
    cuts.check()?;
    let mut tally = Tally::default();
    let mut kept = Vec::with_capacity(n);
    let mut next = 0;
    while kept.len() < n {
        let batch: Vec<Result<Galaxy, Reason>> =
            (next..next + BATCH).into_par_iter().map(|k| prepare(&simulator.galaxy(k).stamp, cuts)).collect();
        for (ident, outcome) in (next as i64..).zip(batch) {
            if kept.len() < n {
                tally.count(ident, &outcome);
                kept.extend(outcome.ok());
            }
        }
        next += BATCH;
        progress(kept.len());
        if tally.seen() > HOPELESS * (1 + kept.len()) {
            let tally = Box::new(tally);
            return Err(if kept.is_empty() {
                Error::AllCut { tally }
            } else {
                Error::NextToNoneKept { wanted: n, tally }
            });
        }
    }
    Ok((kept, tally))
}

#[cfg(test)]
mod tests {
    use super::super::{Population, Survey};
    use super::*;

    fn simulator(population: Population) -> Result<Simulator> {
        Simulator::new(Survey::default(), population, 3)
    }

    #[test]
    fn a_seed_fixes_every_pixel_for_any_number_of_threads() -> Result<()> {
        let simulator = simulator(Population::default())?;
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(std::io::Error::other);
            pool.map(|pool| pool.install(|| simulate_set(&simulator, 20, &Cuts::default(), &mut |_| ())))
        };
        let (Ok(one), Ok(three)) = (on(1), on(3)) else { panic!("a pool of threads can be made") };
        let (one, three) = (one?, three?);
        assert_eq!(one, three);
        assert_eq!((one.0.len(), one.1.kept()), (20, 20));
        // The first 10 are the same when only 10 are asked for.
        assert_eq!(simulate_set(&simulator, 10, &Cuts::default(), &mut |_| ())?.0, one.0[..10]);
        Ok(())
    }

    #[test]
    fn cuts_that_no_galaxy_passes_end_with_the_count() -> Result<()> {
        let faint = simulator(Population { magnitudes: [27.0, 27.5], ..Population::default() })?;
        let Err(error) = simulate_set(&faint, 5, &Cuts::default(), &mut |_| ()) else { panic!("all are cut") };
        assert!(matches!(&error, Error::AllCut { tally } if tally.kept() == 0 && tally.seen() > HOPELESS), "{error}");
        Ok(())
    }
}
