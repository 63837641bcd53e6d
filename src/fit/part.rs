//! Part: a density along some of its coordinates, the others held.

use std::ops::Range;

use ppl_core::LogDensity;

/// The density of `density` along the coordinates `places`, at a position that gives the others.
pub(super) struct Part<'a, D> {
    density: &'a D,
    position: &'a [f64],
    places: &'a [Range<usize>],
}

impl<'a, D> Part<'a, D> {
    pub fn new(density: &'a D, position: &'a [f64], places: &'a [Range<usize>]) -> Self {
        Part { density, position, places }
    }

    /// The coordinates of a position that are a part of it.
    pub fn of(&self, position: &[f64]) -> Vec<f64> {
        self.places.iter().flat_map(|place| position[place.clone()].iter().copied()).collect()
    }

    /// The position with this part.
    pub fn whole(&self, part: &[f64]) -> Vec<f64> {
        let (mut position, mut part) = (self.position.to_vec(), part);
        for place in self.places {
            let (own, rest) = part.split_at(place.len());
            position[place.clone()].copy_from_slice(own);
            part = rest;
        }
        position
    }
}

impl<D: LogDensity> LogDensity for Part<'_, D> {
    fn dim(&self) -> usize {
        self.places.iter().map(Range::len).sum()
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
        let dim = self.dim();
        let whole: Vec<f64> = positions.chunks_exact(dim).flat_map(|part| self.whole(part)).collect();
        let mut all = vec![0.0; whole.len()];
        self.density.logp_and_grad(&whole, logp, &mut all)?;
        for (grad, all) in grad.chunks_exact_mut(dim).zip(all.chunks_exact(self.density.dim())) {
            grad.copy_from_slice(&self.of(all));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_infer::target::FnDensity;

    #[test]
    fn a_part_of_a_density_has_its_values_and_its_gradient() {
        let f = |q: &[f64], g: &mut [f64]| {
            g.iter_mut().zip(q).enumerate().for_each(|(i, (g, x))| *g = -(i as f64) * x);
            -0.5 * q.iter().enumerate().map(|(i, x)| i as f64 * x * x).sum::<f64>()
        };
        let (density, at) = (FnDensity::new(5, f), [1.0, 2.0, 3.0, 4.0, 5.0]);
        let places = [1..2, 3..5];
        let part = Part::new(&density, &at, &places);
        assert_eq!((part.dim(), part.of(&at)), (3, vec![2.0, 4.0, 5.0]));
        let (mut logp, mut grad) = ([0.0; 2], [0.0; 6]);
        part.logp_and_grad(&[2.0, 4.0, 5.0, 0.0, 1.0, 0.0], &mut logp, &mut grad).unwrap();
        assert_eq!(logp, [-0.5 * (4.0 + 18.0 + 48.0 + 100.0), -0.5 * (18.0 + 3.0)]);
        assert_eq!(grad, [-2.0, -12.0, -20.0, 0.0, -3.0, 0.0]);
    }
}
