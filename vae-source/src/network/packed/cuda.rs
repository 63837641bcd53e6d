//! The decoder on a GPU: which kernels of kernels/decoder.cu are launched, on what.

use ppl_core::Result;
use ppl_core::autodiff::{Body, Launch, Launches, Places};
use ppl_core::cuda::{Argument, At};

use super::fold::Folded;
use super::layout::Kernels;
use crate::network::decoder::{LATENT, LAYERS, SIDE};

/// The kernels.
pub(crate) const SOURCE: (&str, &str) =
    ("decoder", concat!(ppl_core::early_kernels!(), include_str!("../../../kernels/decoder.cu")));

/// From so many images on, layers are products of matrices in tiles; below, a tile would mostly be empty.
const MANY: usize = 13;
/// Columns of a tile.
const COLUMNS: usize = 128;
/// Tiles that are split over blocks, at most, and over how many.
const TILES: usize = 512;
const SPLIT: usize = 16;
/// Numbers that they write.
const PARTIAL: usize = TILES * COLUMNS * COLUMNS;

/// A middle layer: channels and pixels along a side of its deep image.
#[derive(Clone, Copy)]
struct Middle {
    number: usize,
    deep: usize,
    wide: usize,
    side: usize,
}

impl Middle {
    /// The layer between level `number - 1` and level `number`.
    fn new(number: usize) -> Self {
        let [deep, wide] = LAYERS[number].channels;
        Middle { number, deep, wide, side: 2 << number }
    }
}

/// A kernel of a middle layer for few images.
struct Few {
    name: &'static str,
    threads: usize,
    /// What a block has: so many times 16 deep pixels,
    tall: usize,
    /// and so many times 8 channels.
    broad: usize,
}

impl Few {
    const fn new(name: &'static str, threads: usize, tall: usize, broad: usize) -> Self {
        Few { name, threads, tall, broad }
    }

    /// Its grid for so many channels (of all phases, or halves) of so many images.
    fn grid(&self, layer: Middle, channels: usize, images: usize) -> [usize; 3] {
        [channels / (8 * self.broad), (images * layer.side * layer.side).div_ceil(16 * self.tall), 1]
    }
}

/// Kernels for a single image, for two, and for a few more: small tiles, so that all multiprocessors have one, or large ones, that
/// read a weight less often. Forwards from layer 1 on.
const FORWARDS: [[Few; 3]; 3] = [
    [Few::new("one_forward_1", 512, 1, 1), Few::new("two_forward_1", 512, 2, 1), Few::new("few_forward_1", 512, 2, 2)],
    [Few::new("one_forward_2", 256, 1, 2), Few::new("few_forward_2", 256, 2, 2), Few::new("few_forward_2", 256, 2, 2)],
    [Few::new("one_forward_3", 256, 2, 2), Few::new("few_forward_3", 256, 4, 2), Few::new("few_forward_3", 256, 4, 2)],
];
/// Backwards through layer 1 first.
const BACKWARDS: [[Few; 3]; 3] = [
    [
        Few::new("one_backward_1", 512, 1, 1),
        Few::new("two_backward_1", 512, 2, 1),
        Few::new("few_backward_1", 512, 2, 2),
    ],
    [
        Few::new("one_backward_2", 512, 1, 1),
        Few::new("two_backward_2", 512, 1, 2),
        Few::new("few_backward_2", 512, 2, 2),
    ],
    [
        Few::new("one_backward_3", 512, 1, 2),
        Few::new("two_backward_3", 512, 2, 2),
        Few::new("few_backward_3", 512, 4, 2),
    ],
];

/// Levels: what lies between the layers, and its gradient.
struct Levels {
    values: [At<f32>; 4],
    gradients: [At<f32>; 4],
}

/// Numbers of an image in each level.
const NUMBERS: [usize; 4] = [512 * 4 * 4, 256 * 8 * 8, 128 * 16 * 16, 64 * 32 * 32];

impl Levels {
    fn new(places: &mut Places<'_>, images: usize) -> Result<Self> {
        let mut values = vec![];
        for numbers in NUMBERS {
            values.push(places.scratch(images * numbers)?);
        }
        // A gradient lies where that of the level after the next was: nobody needs it any more.
        let (even, odd) = (places.scratch(images * NUMBERS[2])?, places.scratch(images * NUMBERS[3])?);
        Ok(Levels { values: [values[0], values[1], values[2], values[3]], gradients: [even, odd, even, odd] })
    }
}

/// An order of weights, by name.
type Layout<'p> = (&'static str, fn(&Kernels<'p>) -> Vec<f32>);

/// Lays out the launches for one number of images.
struct Plan<'p, 'a> {
    places: &'p mut Places<'a>,
    folded: &'p [Folded],
    images: usize,
    levels: Levels,
    /// Raw sums of tiles that are split; with many images only.
    partial: Option<At<f32>>,
}

/// The body of a decoder with these weights, in the order of the table.
///
/// # Errors
/// What the device says.
pub(super) fn body(folded: &[Folded], places: &mut Places<'_>) -> Result<Box<dyn Body>> {
    let images = places.output_shape().len() / (SIDE * SIDE);
    let levels = Levels::new(places, images)?;
    let partial = if images >= MANY { Some(places.scratch(PARTIAL)?) } else { None };
    let mut plan = Plan { places, folded, images, levels, partial };
    let value = plan.forward()?;
    let vjp = match plan.places.by_numbers(0) {
        Some(dz) => plan.backward(dz)?,
        None => vec![],
    };
    Ok(Box::new(Launches { gpu: places.gpu().clone(), value, vjp }))
}

impl<'p> Plan<'p, '_> {
    fn forward(&mut self) -> Result<Vec<Launch>> {
        let (z, image, images) = (self.places.numbers(0)?.at, self.places.out_pixels()?, self.images);
        let levels = self.levels.values;
        let (first, shift) = (self.weight(0, ("first", Kernels::first))?, self.shift(0)?);
        let of_first = vec![z.into(), first.into(), shift.into(), levels[0].into(), images.into()];
        let mut all = vec![self.launch("first_forward", [NUMBERS[0] / 64, images.div_ceil(16), 1], 64, of_first)?];
        for layer in [1, 2, 3].map(Middle::new) {
            let (from, to) = (levels[layer.number - 1], levels[layer.number]);
            let (weight, shift) =
                (self.weight(layer.number, ("forward", Kernels::forward))?, self.shift(layer.number)?);
            match self.partial {
                None => {
                    let few = self.few(&FORWARDS[layer.number - 1]);
                    let grid = few.grid(layer, 4 * layer.wide, images);
                    let arguments = vec![from.into(), weight.into(), shift.into(), to.into(), images.into()];
                    all.push(self.launch(few.name, grid, few.threads, arguments)?);
                }
                Some(partial) => {
                    let tile = layer.wide.min(COLUMNS);
                    let (grid, split) = self.tiles(layer, 4 * layer.wide / tile);
                    let arguments =
                        vec![from.into(), weight.into(), shift.into(), to.into(), partial.into(), images.into()];
                    all.push(self.launch(&format!("many_forward_{}", layer.number), grid, 2 * tile, arguments)?);
                    let rest = [shift.into(), layer.wide.into(), to.into()];
                    all.extend(self.finish("finish_forward", split, NUMBERS[layer.number], &rest)?);
                }
            }
        }
        let weight = self.weight(4, ("last_forward", Kernels::last_forward))?;
        let of_last = vec![levels[3].into(), weight.into(), image.into()];
        all.push(self.launch("last_forward", [16, images, 1], 256, of_last)?);
        Ok(all)
    }

    fn backward(&mut self, dz: At<f64>) -> Result<Vec<Launch>> {
        let (image, cotangent, images) = (self.places.out_pixels()?, self.places.cotangent_pixels()?, self.images);
        let Levels { values, gradients } = self.levels;
        let latent: At<f32> = self.places.scratch(images * 128 * LATENT)?;
        let weight = self.weight(4, ("last_backward", Kernels::last_backward))?;
        let of_last = vec![image.into(), cotangent.into(), weight.into(), values[3].into(), gradients[3].into()];
        let mut all = vec![self.launch("last_backward", [64, images, 1], 256, of_last)?];
        for layer in [3, 2, 1].map(Middle::new) {
            let (from, to, level) = (gradients[layer.number], gradients[layer.number - 1], values[layer.number - 1]);
            let weight = self.weight(layer.number, ("backward", Kernels::backward))?;
            match self.partial {
                None => {
                    let few = self.few(&BACKWARDS[layer.number - 1]);
                    // The first layer's terms are split over two blocks.
                    let parts = if layer.number == 1 { 2 } else { 1 };
                    let grid = few.grid(layer, parts * layer.deep, images);
                    let mut arguments = vec![from.into(), weight.into(), level.into()];
                    if layer.number > 1 {
                        arguments.push(to.into());
                    } else {
                        arguments.push(self.weight(0, ("first_back", Kernels::first_back))?.into());
                        arguments.push(latent.into());
                    }
                    arguments.push(images.into());
                    all.push(self.launch(few.name, grid, few.threads, arguments)?);
                }
                Some(partial) => {
                    let (grid, split) = self.tiles(layer, layer.deep / COLUMNS);
                    let arguments =
                        vec![from.into(), weight.into(), level.into(), to.into(), partial.into(), images.into()];
                    all.push(self.launch(&format!("many_backward_{}", layer.number), grid, 256, arguments)?);
                    let rest = [level.into(), to.into()];
                    all.extend(self.finish("finish_backward", split, NUMBERS[layer.number - 1], &rest)?);
                }
            }
        }
        let mut parts = 128;
        if self.partial.is_some() {
            parts = 32;
            let first = self.weight(0, ("first", Kernels::first))?;
            let arguments = vec![gradients[0].into(), first.into(), latent.into(), images.into()];
            all.push(self.launch("first_backward_many", [images.div_ceil(64), parts, 1], 256, arguments)?);
        }
        all.push(self.launch("sum_latent", [images, 1, 1], 256, vec![latent.into(), parts.into(), dz.into()])?);
        Ok(all)
    }

    /// Which of the kernels for few images.
    fn few(&self, kernels: &'static [Few; 3]) -> &'static Few {
        &kernels[self.images.clamp(1, 3) - 1]
    }

    /// The grid of a product with so many rows of tiles, and how often each tile is split: as long as no multiprocessor gets more
    /// than one block.
    fn tiles(&self, layer: Middle, rows: usize) -> ([usize; 3], usize) {
        let columns = (self.images * layer.side * layer.side).div_ceil(COLUMNS);
        let most = self.places.gpu().multiprocessors().min(TILES);
        let mut split = 1;
        while split < SPLIT && 2 * split * columns * rows <= most {
            split *= 2;
        }
        ([columns, rows, split], split)
    }

    /// What adds up the parts of tiles that were split.
    fn finish(&self, name: &str, split: usize, numbers: usize, rest: &[Argument]) -> Result<Option<Launch>> {
        let (Some(partial), true) = (self.partial, split > 1) else { return Ok(None) };
        let count = self.images * numbers;
        let arguments = [partial.into(), split.into(), count.into()].into_iter().chain(rest.iter().copied()).collect();
        self.launch(name, [count.div_ceil(1024), 1, 1], 256, arguments).map(Some)
    }

    fn weight(&mut self, layer: usize, (name, layout): Layout<'p>) -> Result<At<f32>> {
        let [deep, wide] = LAYERS[layer].channels;
        self.places
            .shared(format!("{name} {layer}"), || layout(&Kernels { weight: &self.folded[layer].weight, deep, wide }))
    }

    fn shift(&mut self, layer: usize) -> Result<At<f32>> {
        self.places.shared(format!("shift {layer}"), || self.folded[layer].shift.clone())
    }

    fn launch(&self, name: &str, grid: [usize; 3], threads: usize, arguments: Vec<Argument>) -> Result<Launch> {
        Ok(Launch::new(self.places.kernel(SOURCE, name)?, grid, threads, arguments).early())
    }
}
