//! The decoder as one operation of the tape, with buffers that stay from one evaluation to the next.

use std::sync::Arc;

use multiversion::multiversion;
use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape};
use ppl_core::{Error, Result};
use rayon::prelude::*;

use super::activation::slope;
use super::layers::Layers;
use super::plane::{Phases, Plane};
use crate::network::decoder::{LATENT, SIDE};

/// Image of latent numbers.
#[derive(Clone)]
pub(super) struct Decode {
    layers: Arc<Layers>,
    buffers: Buffers,
}

/// What lies between the layers, for all images of an evaluation.
#[derive(Clone, Default)]
struct Buffers {
    images: usize,
    z: Vec<f32>,
    /// The activations before the middle layers and before the last one, planes `[images][channels]`.
    planes: [Vec<f32>; 4],
    /// The gradients behind the middle layers and behind the last one, phases `[images][channels]`.
    phases: [Vec<f32>; 4],
    /// The gradient behind the first layer, `[images][channels, pixels]`.
    first: Vec<f32>,
    /// What a product leaves.
    block: Vec<f32>,
}

impl Buffers {
    /// Room for so many images; the zeros around planes and phases are written here, once.
    fn new(layers: &Layers, images: usize) -> Self {
        let Layers { first, middle: [a, b, c], last, .. } = layers;
        let plane = |channels: usize, side| vec![0.0; images * channels * Plane { side }.len()];
        let phases = |channels: usize, side| vec![0.0; images * channels * Phases { side }.len()];
        let room = [a.room(), b.room(), c.room(), last.room(), first.len()];
        Buffers {
            images,
            z: vec![0.0; images * LATENT],
            planes: [plane(a.deep, a.side), plane(b.deep, b.side), plane(c.deep, c.side), plane(last.deep, last.side)],
            phases: [
                phases(a.wide, 2 * a.side),
                phases(b.wide, 2 * b.side),
                phases(c.wide, 2 * c.side),
                phases(1, 2 * last.side),
            ],
            first: vec![0.0; images * first.len()],
            block: vec![0.0; images * room.into_iter().max().unwrap_or(0)],
        }
    }
}

impl Decode {
    pub(super) fn new(layers: Arc<Layers>) -> Self {
        Decode { layers, buffers: Buffers::default() }
    }
}

impl FusedOp for Decode {
    const NAME: &'static str = "decode";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let Shape { lanes, dims } = inputs[0];
        let (batch, latent) = dims.split(1);
        if latent.sizes() != [LATENT] {
            return Err(Error::Broadcast { left: dims, right: Dims::new(&[LATENT]) });
        }
        let images = batch.then(Dims::new(&[SIDE, SIDE]));
        let count = lanes * dims.len() / LATENT;
        if self.buffers.images != count {
            self.buffers = Buffers::new(&self.layers, count);
        }
        Ok(Output::pixels(Shape::new(lanes, images)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let Layers { first, middle, last, .. } = &*self.layers;
        let Buffers { images, z, planes, block, .. } = &mut self.buffers;
        z.iter_mut().zip(inputs.at(0).numbers()).for_each(|(to, from)| *to = *from as f32);
        first.forward(z, &mut block[..*images * first.len()], &mut planes[0]);
        for (at, layer) in middle.iter().enumerate() {
            let (before, behind) = planes.split_at_mut(at + 1);
            layer.forward(*images, &before[at], block, &mut behind[0]);
        }
        last.forward(&planes[3], out.pixels());
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let Some(dz) = gradients.numbers(0) else { return };
        let Layers { first, middle, last, .. } = &*self.layers;
        let Buffers { images, planes, phases, first: gradient, block, z } = &mut self.buffers;
        let images = *images;
        let parts = Phases { side: SIDE };
        let behind = phases[3].chunks_exact_mut(parts.len());
        let sources = out.pixels().chunks_exact(SIDE * SIDE).zip(cotangent.pixels().chunks_exact(SIDE * SIDE));
        for (to, (y, c)) in behind.zip(sources) {
            for (row, (y, c)) in y.chunks_exact(SIDE).zip(c.chunks_exact(SIDE)).enumerate() {
                let pairs = y.as_chunks::<2>().0.iter().zip(c.as_chunks::<2>().0);
                parts.write(to, row, pairs.map(|(y, c)| [0, 1].map(|i| (1.0 - y[i] * y[i]) * c[i])));
            }
        }
        last.backward(&phases[3], &mut block[..images * last.room()]);
        for (at, layer) in middle.iter().enumerate().rev() {
            let next = middle.get(at + 1);
            let from = |image: usize, channel: usize| match next {
                Some(next) => next.place(images, image, channel),
                None => (image * last.deep + channel) * last.side * last.side,
            };
            mask(&planes[at + 1], &mut phases[at], layer.wide, 2 * layer.side, block, from);
            layer.backward(images, &phases[at], block);
        }
        let (layer, plane) = (&middle[0], Plane { side: middle[0].side });
        let pixels = layer.side * layer.side;
        let flat = gradient.chunks_exact_mut(pixels).zip(planes[0].chunks_exact_mut(plane.len()));
        for (at, (to, plane_of)) in flat.enumerate() {
            let from = &block[layer.place(images, at / layer.deep, at % layer.deep)..][..pixels];
            let rows = to.chunks_exact_mut(layer.side).zip(from.chunks_exact(layer.side));
            for ((to, from), y) in rows.zip(plane.rows(plane_of)) {
                to.iter_mut().zip(from).zip(y).for_each(|((to, from), y)| *to = *from * slope(*y));
            }
        }
        first.backward(gradient, z, dz);
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        super::cuda::body(&self.layers.folded, places)
    }
}

/// A gradient, whose image and channel begin at `from` in `block`, times the slope of the activation, into phases.
fn mask(
    planes: &[f32],
    phases: &mut [f32],
    channels: usize,
    side: usize,
    block: &[f32],
    from: impl Fn(usize, usize) -> usize + Sync,
) {
    let (plane, parts) = (Plane { side }, Phases { side });
    let all = phases.par_chunks_exact_mut(parts.len()).zip(planes.par_chunks_exact(plane.len()));
    all.enumerate().with_min_len(8).for_each(|(at, (to, activation))| {
        mask_plane(activation, &block[from(at / channels, at % channels)..], parts, to);
    });
}

/// One plane of it.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
fn mask_plane(activation: &[f32], gradient: &[f32], parts: Phases, to: &mut [f32]) {
    let (side, plane) = (parts.side, Plane { side: parts.side });
    let rows = activation.chunks_exact(plane.row()).skip(1).zip(gradient.chunks_exact(side)).take(side);
    for (y, (activation, gradient)) in rows.enumerate() {
        let pairs = activation[1..=side].as_chunks::<2>().0.iter().zip(gradient.as_chunks::<2>().0);
        parts.write(to, y, pairs.map(|(y, g)| [0, 1].map(|i| g[i] * slope(y[i]))));
    }
}
