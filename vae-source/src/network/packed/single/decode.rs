//! The evaluation in single precision: planes forwards, phases backwards, in buffers that stay.

use std::sync::Arc;

use multiversion::multiversion;
use rayon::prelude::*;

use super::super::activation::slope;
use super::super::plane::Plane;
use super::super::work::{Pack, Work};
use super::layers::SingleLayers;
use super::phases::Phases;
use crate::network::decoder::{LATENT, SIDE};

/// The layers, and what lies between them, for all images of an evaluation.
struct Decode {
    layers: Arc<SingleLayers>,
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

impl Decode {
    /// Room for so many images; the zeros around planes and phases are written here, once.
    fn new(layers: Arc<SingleLayers>, images: usize) -> Self {
        let SingleLayers { first, middle: [a, b, c], last } = &*layers;
        let plane = |channels: usize, side| vec![0.0; images * channels * Plane { side }.len()];
        let phases = |channels: usize, side| vec![0.0; images * channels * Phases { side }.len()];
        let room = [a.room(), b.room(), c.room(), last.room(), first.len()];
        Decode {
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
            layers,
        }
    }
}

impl Work for Decode {
    fn value(&mut self, latent: &[f64], out: &mut [f32]) {
        let Decode { layers, images, z, planes, block, .. } = self;
        let SingleLayers { first, middle, last } = &**layers;
        z.iter_mut().zip(latent).for_each(|(to, from)| *to = *from as f32);
        first.forward(z, &mut block[..*images * first.len()], &mut planes[0]);
        for (at, layer) in middle.iter().enumerate() {
            let (before, behind) = planes.split_at_mut(at + 1);
            layer.forward(*images, &before[at], block, &mut behind[0]);
        }
        last.forward(&planes[3], out);
    }

    fn vjp(&mut self, out: &[f32], cotangent: &[f32], dz: &mut [f64]) {
        let Decode { layers, images, planes, phases, first: gradient, block, z } = self;
        let SingleLayers { first, middle, last } = &**layers;
        let images = *images;
        let parts = Phases { side: SIDE };
        let behind = phases[3].chunks_exact_mut(parts.len());
        let sources = out.chunks_exact(SIDE * SIDE).zip(cotangent.chunks_exact(SIDE * SIDE));
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
}

impl Pack for SingleLayers {
    fn work(self: Arc<Self>, images: usize) -> Box<dyn Work> {
        Box::new(Decode::new(self, images))
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
