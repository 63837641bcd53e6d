//! The decoder as one operation of the tape, with buffers that stay from one evaluation to the next.

use std::sync::Arc;

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape};
use ppl_core::{Error, Result};

use super::layers::Layers;
use super::work::Work;
use crate::network::decoder::{LATENT, SIDE};

/// Image of latent numbers.
pub(super) struct Decode {
    layers: Arc<Layers>,
    /// For so many images; none for no image.
    work: Option<(usize, Box<dyn Work>)>,
}

impl Decode {
    pub(super) fn new(layers: Arc<Layers>) -> Self {
        Decode { layers, work: None }
    }
}

impl Clone for Decode {
    /// Buffers are made anew for whatever shape comes.
    fn clone(&self) -> Self {
        Decode::new(self.layers.clone())
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
        if self.work.as_ref().map_or(0, |(images, _)| *images) != count {
            self.work = (count > 0).then(|| (count, self.layers.work(count)));
        }
        Ok(Output::pixels(Shape::new(lanes, images)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        if let Some((_, work)) = &mut self.work {
            work.value(inputs.at(0).numbers(), out.pixels());
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        if let (Some((_, work)), Some(dz)) = (&mut self.work, gradients.numbers(0)) {
            work.vjp(out.pixels(), cotangent.pixels(), dz);
        }
    }

    fn shared_bytes(&self) -> usize {
        self.layers.bytes()
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        super::cuda::body(&self.layers.folded, places)
    }
}
