//! Weights as tiles, in the order in which they are multiplied.

use rayon::prelude::*;

use super::split::lines;
use super::tile::{SIDE, Tile, Weights};

/// Weights `[slab][step]`: a slab gives thirty-two columns, each of its steps adds the terms of one block of channels.
pub(super) struct Right {
    tiles: Vec<Tile>,
    steps: usize,
    weights: Weights,
}

impl Right {
    /// `weight(slab, step, channel, column)` is a weight, the channel one of a block and the column one of a slab.
    pub(super) fn new(slabs: usize, steps: usize, weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync) -> Self {
        let of = Weights::Both as usize;
        let mut tiles = vec![Tile([[0; SIDE]; SIDE]); slabs * steps * of];
        tiles.par_chunks_exact_mut(of).enumerate().for_each(|(at, tiles)| {
            let (high, low) = tiles.split_at_mut(of / 2);
            for (first, (high, low)) in (0..).step_by(SIDE).zip(high.iter_mut().zip(low)) {
                for (c, (high, low)) in high.0.iter_mut().zip(&mut low.0).enumerate() {
                    let of =
                        |channel: usize| std::array::from_fn(|j| weight(at / steps, at % steps, channel, first + j));
                    [*high, *low] = lines(&of(c), &of(c + SIDE));
                }
            }
        });
        // -0.0 is nothing as well.
        let nothing = |tile: &Tile| tile.0.as_flattened().iter().all(|word| word & 0x7fff_7fff == 0);
        if !tiles.par_chunks_exact(of).all(|tiles| tiles[of / 2..].iter().all(nothing)) {
            return Right { tiles, steps, weights: Weights::Both };
        }
        let high = tiles.chunks_exact(of).flat_map(|tiles| &tiles[..of / 2]).copied().collect();
        Right { tiles: high, steps, weights: Weights::High }
    }

    pub(super) fn slab(&self, slab: usize) -> (Weights, &[Tile]) {
        let len = self.weights as usize * self.steps;
        (self.weights, &self.tiles[slab * len..][..len])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_weights_of_bfloat16_leave_their_low_halves_out() {
        let bfloat16 =
            |_, step: usize, channel: usize, column: usize| (1 + step + channel) as f32 * 0.5 - column as f32;
        assert_eq!(Right::new(2, 3, bfloat16).slab(1).0, Weights::High);
        let one_is_not = |slab, step, channel, column| {
            if (slab, step, channel, column) == (1, 2, 31, 17) { 1.001 } else { bfloat16(slab, step, channel, column) }
        };
        let right = Right::new(2, 3, one_is_not);
        assert_eq!((right.slab(0).0, right.slab(1).1.len()), (Weights::Both, 12));
    }
}
