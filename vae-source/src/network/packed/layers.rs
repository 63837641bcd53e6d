//! The packed layers of table D2.

use std::sync::Arc;

use super::activation;
use super::fold::Folded;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use super::halves::{Allowed, HalfLayers};
use super::single::SingleLayers;
use super::work::{Pack, Work};
use crate::error::Result;
use crate::network::decoder::LAYERS;
use crate::network::weights::WeightSet;

/// All layers.
pub(super) struct Layers {
    packed: Arc<dyn Pack>,
    products: Products,
    /// All weights as they are before packing, in the order of the table and in the unit of the activations: a GPU packs them in its
    /// own way.
    pub(super) folded: [Folded; 5],
    /// The half-width of the parabola that rounds ReLU off, which is the unit of the activations.
    unit: f32,
}

/// What products are made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Products {
    /// What this processor multiplies fastest.
    Fastest,
    /// Single precision.
    Single,
}

impl Products {
    fn pack(self, folded: &[Folded; 5]) -> Arc<dyn Pack> {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if let (Products::Fastest, Some(allowed)) = (self, Allowed::ask()) {
            return Arc::new(HalfLayers::new(allowed, folded));
        }
        Arc::new(SingleLayers::new(folded))
    }
}

impl Layers {
    /// Folds and packs a set of weights; activations are ReLU.
    ///
    /// # Errors
    /// A weight that is missing or has another shape.
    pub(super) fn new(set: &WeightSet) -> Result<Self> {
        let [a, b, c, d, e] = LAYERS.each_ref().map(|layer| Folded::new(set, layer));
        Ok(Layers::in_units(&[a?, b?, c?, d?, e?], Products::Fastest, 1.0, activation::unit(0.0)))
    }

    /// The same weights for activations of another rounding; `None` where it is the one they have.
    pub(super) fn rounded(&self, rounding: f32) -> Option<Self> {
        let unit = activation::unit(rounding);
        (unit != self.unit).then(|| Layers::in_units(&self.folded, self.products, self.unit, unit))
    }

    /// The same weights with products of single precision.
    pub(super) fn in_single_precision(&self) -> Self {
        Layers::in_units(&self.folded, Products::Single, self.unit, self.unit)
    }

    /// From layers whose activations are in one unit, for activations in another.
    fn in_units(folded: &[Folded; 5], products: Products, unit_before: f32, unit: f32) -> Self {
        let times = unit / unit_before;
        let [first, second, third, fourth, last] = folded;
        // Latent numbers and the image have units of their own.
        let folded = [
            first.in_units([1.0, times]),
            second.in_units([times, times]),
            third.in_units([times, times]),
            fourth.in_units([times, times]),
            last.in_units([times, 1.0]),
        ];
        Layers { packed: products.pack(&folded), products, folded, unit }
    }

    /// Bytes of the weights, in the order for either way.
    pub(super) fn bytes(&self) -> usize {
        2 * self.folded.iter().map(|layer| size_of_val(&*layer.weight)).sum::<usize>()
    }

    /// What evaluates so many images.
    pub(super) fn work(&self, images: usize) -> Box<dyn Work> {
        self.packed.clone().work(images)
    }
}

#[cfg(test)]
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod tests {
    use super::*;
    use crate::network::decoder::{LATENT, SIDE, decoder_weights};

    /// The layers in the middle with weights of bfloat16.
    fn with_bfloat16(layers: &Layers) -> Layers {
        let mut folded = layers.folded.clone();
        for weight in folded[1..4].iter_mut().flat_map(|layer| &mut layer.weight) {
            *weight = f32::from_bits(weight.to_bits() & 0xffff_0000);
        }
        Layers::in_units(&folded, Products::Fastest, layers.unit, layers.unit)
    }

    #[test]
    fn halves_give_what_single_precision_gives_for_any_number_of_images() {
        let Some(allowed) = Allowed::ask() else { return eprintln!("skipped: no tiles of bfloat16 here") };
        let relu = Layers::new(&WeightSet::initial(&decoder_weights(), 3)).unwrap();
        let rounded = relu.rounded(0.3).unwrap();
        let layers = [with_bfloat16(&rounded), rounded, relu];
        for (layers, images) in layers.iter().flat_map(|layers| [1, 2, 3, 7].map(|images| (layers, images))) {
            let z: Vec<f64> = (0..images * LATENT).map(|i| 1.5 * (1.3 * i as f64 + 0.2).sin()).collect();
            let cotangents: Vec<f32> = (0..images * SIDE * SIDE).map(|i| (0.7 * i as f32).cos()).collect();
            let packs: [Arc<dyn Pack>; 2] =
                [Arc::new(SingleLayers::new(&layers.folded)), Arc::new(HalfLayers::new(allowed, &layers.folded))];
            let [single, halves] = packs.map(|pack| {
                let mut work = pack.work(images);
                let (mut out, mut dz) = (vec![0.0; images * SIDE * SIDE], vec![0.0; z.len()]);
                // Twice: what the first evaluation leaves changes nothing.
                for _ in 0..2 {
                    dz.fill(0.0);
                    work.value(&z, &mut out);
                    work.vjp(&out, &cotangents, &mut dz);
                }
                (out, dz)
            });
            let largest = single.0.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            for (a, b) in single.0.iter().zip(&halves.0) {
                assert!((a - b).abs() < 2e-5 * largest, "{a} and {b} of {largest}, {images} images");
            }
            let norm = single.1.iter().map(|g| g * g).sum::<f64>().sqrt();
            let apart = single.1.iter().zip(&halves.1).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
            // With ReLU a number that rounding takes across zero takes its gradient along.
            let allowed = if layers.unit < 1e-6 { 2e-3 } else { 2e-5 };
            assert!(apart < allowed * norm, "gradients {apart} apart of {norm}, {images} images");
        }
    }
}
