//! The feed: which galaxies are in the batch of which step.

use ppl_core::{Array, rng};
use rand::RngExt as _;
use rand::seq::SliceRandom;

use super::augment::turned;
use crate::error::{Error, Result};
use crate::network::SIDE;

/// Galaxies to learn from, in an order of its own for every epoch, which seed and epoch fix: any batch can be made at any time.
pub struct Feed<'g> {
    galaxies: Vec<&'g [f32]>,
    batch: usize,
    augment: bool,
    seed: u64,
}

impl<'g> Feed<'g> {
    /// Batches of so many images of 64 x 64 pixels; the images that do not fill a batch at the end of an epoch are left out of it.
    ///
    /// # Errors
    /// Fewer images than a batch has, and images of another size.
    pub fn new(images: impl IntoIterator<Item = &'g [f32]>, batch: usize, augment: bool, seed: u64) -> Result<Self> {
        let galaxies: Vec<&[f32]> = images.into_iter().collect();
        if galaxies.len() < batch || batch == 0 {
            return Err(Error::TooFewGalaxies { batch, got: galaxies.len() });
        }
        if let Some(other) = galaxies.iter().find(|image| image.len() != SIDE * SIDE) {
            return Err(Error::WrongSide { expected: SIDE, got: other.len().isqrt() });
        }
        Ok(Feed { galaxies, batch, augment, seed })
    }

    /// How many batches an epoch has.
    #[must_use]
    pub fn steps_of_an_epoch(&self) -> u64 {
        (self.galaxies.len() / self.batch) as u64
    }

    /// The batch of a step, `[batch, 64, 64]`.
    ///
    /// # Errors
    /// None that [`Feed::new`] has not found.
    pub fn batch(&self, step: u64) -> ppl_core::Result<Array> {
        // Made anew for each step: nothing beside a step, and nothing to keep.
        let order = self.order(self.epoch(step));
        let mut pixels = vec![0.0; self.batch * SIDE * SIDE];
        for ((galaxy, how), out) in self.picks(step, &order).zip(pixels.chunks_exact_mut(SIDE * SIDE)) {
            turned(self.galaxies[galaxy], SIDE, how, out);
        }
        Array::constant(&[self.batch, SIDE, SIDE], pixels)
    }

    /// The epoch that a step belongs to.
    pub(super) fn epoch(&self, step: u64) -> u64 {
        step / self.steps_of_an_epoch()
    }

    /// The order of the galaxies in an epoch.
    pub(super) fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.galaxies.len()).collect();
        order.shuffle(&mut rng::keyed(self.seed ^ epoch.rotate_left(32), "order", 0));
        order
    }

    /// The galaxies of a step, by the order of its epoch, and how each is laid: see [`turned`].
    pub(super) fn picks(&self, step: u64, order: &[usize]) -> impl Iterator<Item = (usize, u8)> {
        let at = (step % self.steps_of_an_epoch()) as usize;
        let mut how = rng::keyed(self.seed ^ step.rotate_left(32), "augmentation", 0);
        let chosen = order[at * self.batch..(at + 1) * self.batch].iter();
        chosen.map(move |galaxy| (*galaxy, if self.augment { how.random_range(0..8) } else { 0 }))
    }

    /// The galaxies.
    #[cfg(feature = "cuda")]
    pub(super) fn galaxies(&self) -> &[&'g [f32]] {
        &self.galaxies
    }

    /// Images of a batch.
    #[cfg(feature = "cuda")]
    pub(super) fn batch_len(&self) -> usize {
        self.batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_shows_every_galaxy_once_and_the_next_one_in_another_order() {
        let images: Vec<Vec<f32>> = (0..12).map(|i| vec![i as f32; SIDE * SIDE]).collect();
        let feed = Feed::new(images.iter().map(Vec::as_slice), 4, true, 7).unwrap();
        let epoch = |e: u64| -> Vec<f32> {
            (0..3)
                .flat_map(|s| {
                    feed.batch(3 * e + s).unwrap().lane(0).iter().copied().step_by(SIDE * SIDE).collect::<Vec<_>>()
                })
                .collect()
        };
        let (first, second, again) = (epoch(0), epoch(1), epoch(0));
        let mut sorted = first.clone();
        sorted.sort_by(f32::total_cmp);
        assert_eq!(sorted, (0..12).map(|i| i as f32).collect::<Vec<_>>());
        assert_ne!(first, second);
        assert_eq!(first, again);
    }

    #[test]
    fn too_few_galaxies_and_another_size_are_refused() {
        let (right, wrong) = (vec![0.0; SIDE * SIDE], vec![0.0; 32 * 32]);
        let refused =
            |images: &[&[f32]], batch| Feed::new(images.iter().copied(), batch, true, 0).err().unwrap().to_string();
        assert!(refused(&[&right], 2).contains("1 galaxy"));
        assert!(refused(&[&right, &wrong], 2).contains("32"));
    }
}
