//! The evaluation: levels forwards, their gradients backwards, in buffers that stay.

use std::sync::Arc;

use super::super::work::{Pack, Work};
use super::layers::HalfLayers;
use super::level::Level;
use super::tile::{CHANNELS, Pixel, SIDE};
use super::{last, middle};
use crate::network::decoder::{LATENT, LAYERS};

/// The layers, and what lies between them, for all images of an evaluation.
struct Decode {
    layers: Arc<HalfLayers>,
    z: Vec<f32>,
    levels: [Level; 4],
    /// Of the levels but the first.
    gradients: [Level; 3],
    /// Of the first, `[block][image][pixel][channel]`.
    first: Vec<[f32; CHANNELS]>,
    by_row: Vec<f32>,
    middle: [middle::Run; 3],
    last: last::Run,
    room: Vec<Pixel>,
}

impl Decode {
    fn new(layers: Arc<HalfLayers>, images: usize) -> Self {
        let level = |at: usize| Level::new(LAYERS[at].channels[1], images, 4 << at);
        let middle = [0, 1, 2].map(|at| middle::Run::new(&layers.middle[at], images));
        let room = middle.iter().zip(&layers.middle).map(|(run, layer)| run.room(layer)).max().unwrap_or(0);
        Decode {
            z: vec![0.0; images * LATENT],
            levels: [0, 1, 2, 3].map(level),
            gradients: [1, 2, 3].map(level),
            first: vec![[0.0; CHANNELS]; images * SIDE * LAYERS[0].channels[1] / CHANNELS],
            by_row: vec![0.0; images * LATENT],
            middle,
            last: last::Run::new(&layers.last, images),
            room: vec![Pixel::ZERO; room],
            layers,
        }
    }
}

impl Work for Decode {
    fn value(&mut self, z: &[f64], images: &mut [f32]) {
        let layers = &*self.layers;
        self.z.iter_mut().zip(z).for_each(|(to, from)| *to = *from as f32);
        layers.first.forward(&self.z, &mut self.levels[0]);
        for (at, (run, layer)) in self.middle.iter().zip(&layers.middle).enumerate() {
            let (before, behind) = self.levels.split_at_mut(at + 1);
            run.forward(layer, &before[at], &mut behind[0], &mut self.room);
        }
        self.last.forward(&layers.last, &self.levels[3], images);
    }

    fn vjp(&mut self, images: &[f32], cotangents: &[f32], dz: &mut [f64]) {
        let layers = &*self.layers;
        let levels = &self.levels;
        self.last.backward(&layers.last, [images, cotangents], &levels[3], &mut self.gradients[2]);
        for at in [2, 1] {
            let (to, from) = self.gradients.split_at_mut(at);
            let (run, layer) = (&self.middle[at], &layers.middle[at]);
            run.backward(layer, [&from[0], &levels[at]], &mut to[at - 1], &mut self.room);
        }
        let (run, layer) = (&self.middle[0], &layers.middle[0]);
        run.backward_flat(layer, [&self.gradients[0], &levels[0]], &mut self.first, &mut self.room);
        layers.first.backward(&self.first, &mut self.by_row, dz);
    }
}

impl Pack for HalfLayers {
    fn work(self: Arc<Self>, images: usize) -> Box<dyn Work> {
        Box::new(Decode::new(self, images))
    }
}
