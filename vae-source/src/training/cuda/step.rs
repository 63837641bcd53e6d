//! The step: forward, backward and optimizer of one batch as a list of launches. The formulas are those of network/ and of
//! training/program.rs; what a kernel does is said in kernels/training.cu.

use super::launch::{Launch, Matrix, Operand, Place, Product, Sheet};
use super::layers::{self, Layer};
use super::layout::Layout;
use crate::network::{LATENT, SIDE};

/// The slope of the encoder's LeakyReLU; the decoder's is ReLU.
const SLOPE: f32 = 0.2;
/// Numbers that the heads of the encoder take.
const FLAT: usize = 4096;
/// Mean and log standard deviation.
const CODES: usize = 2 * LATENT;
/// Blocks of what walks over all weights.
const WALKERS: usize = 1024;
/// Numbers of the optimizer: see `Rates` in the kernels.
pub(super) const RATES: usize = 8;

/// What a step is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sizes {
    /// Images of a batch.
    pub images: usize,
    /// Draws of z of an image, in training.
    pub draws: usize,
    /// The largest norm of a gradient.
    pub clip: Option<f64>,
    /// Galaxies on the device.
    pub galaxies: usize,
}

/// Launches and memory of a training step and of a validation.
pub(super) struct Step {
    /// Numbers of each block of memory.
    pub memory: Vec<usize>,
    /// From the batch to the gradients of all weights but those of batch normalisation.
    pub gradients: Vec<Launch>,
    /// The rest of the gradients, running statistics and weights.
    pub update: Vec<Launch>,
    /// From the batch to its loss, by running statistics and one draw each.
    pub validation: Vec<Launch>,
    pub places: Places,
}

/// What the host writes and reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub galaxies: Place,
    /// How many images of the batch count (an int, and three that nobody reads), then rates, then picks, then the noise of z.
    pub inputs: Place,
    /// The optimizer's numbers.
    pub rates: Place,
    /// Which galaxies, eight times, plus how they are laid.
    pub picks: Place,
    /// Normal numbers, `[draw][image][latent]`.
    pub noise: Place,
    /// The images of the batch.
    pub images: Place,
    pub weights: Place,
    pub gradient: Place,
    /// The optimizer's mean gradients and mean squares.
    pub means: Place,
    pub squares: Place,
    /// Running (mean, variance) of every channel.
    pub running: Place,
    /// What [`table`] says.
    pub table: Place,
    /// What gradients are multiplied with; 1 without clipping.
    pub clipped: Place,
    /// The loss, a number of eight bytes.
    pub loss: Place,
    /// The first weight whose gradient was not finite, an int behind the loss.
    pub first: Place,
}

/// What a layer leaves for the way back.
struct Kept {
    layer: Layer,
    /// What its product takes: columns in the encoder, the deep image in the decoder.
    source: Place,
    /// What its convolution makes, and what activation and normalisation make of it.
    bare: Place,
    out: Place,
    /// Its first slot of statistics, and groups that are normalised apart.
    slot: usize,
    groups: usize,
}

impl Step {
    pub(super) fn new(sizes: Sizes, layout: &Layout) -> Self {
        let mut writer = Writer::new(sizes, layout);
        writer.batch();
        writer.forward(true);
        writer.backward();
        let gradients = std::mem::take(&mut writer.launches);
        writer.update();
        let update = std::mem::take(&mut writer.launches);
        writer.forward(false);
        Step { memory: writer.sheet.memory, gradients, update, validation: writer.launches, places: writer.places }
    }
}

/// The rows of the table of channels: see `channels` in the kernels.
pub(super) fn table(sizes: Sizes, layout: &Layout) -> Vec<i32> {
    let (mut table, mut slot) = (vec![], 0);
    for (layers, groups) in [(layers::encoder(), 1), (layers::decoder(), sizes.draws)] {
        for layer in &layers {
            let Some(name) = &layer.normalisation else { continue };
            let [channels, pixels] = layer.out();
            let [factor, bias] = ["weight", "bias"].map(|what| layout.at(&format!("{name}.{what}")));
            for channel in 0..channels {
                let row = [slot + channel, channels, groups, sizes.images * pixels, factor + channel, bias + channel];
                table.extend(row.map(|n| i32::try_from(n).unwrap_or(-1)));
            }
            slot += groups * channels;
        }
    }
    table
}

struct Writer<'l> {
    sizes: Sizes,
    layout: &'l Layout,
    sheet: Sheet,
    places: Places,
    encoder: Vec<Kept>,
    decoder: Vec<Kept>,
    /// (mean, variance) of each slot, and (gradient by factor, by bias).
    statistics: Place,
    slopes: Place,
    heads: Place,
    by_heads: Place,
    z: Place,
    by_z: Place,
    /// Sums of blocks, numbers of eight bytes.
    parts: Place,
    /// Columns that are not kept.
    columns: Place,
    /// Gradients by the images of a layer, and by those before it.
    images: [Place; 2],
    /// The gradient of a kernel of one channel, image by image.
    thin: Place,
    launches: Vec<Launch>,
}

impl<'l> Writer<'l> {
    fn new(sizes: Sizes, layout: &'l Layout) -> Self {
        let Sizes { images, draws, galaxies, .. } = sizes;
        let all = images * draws;
        let mut sheet = Sheet::default();
        let inputs = sheet.block(4 + RATES + images.next_multiple_of(4) + all * LATENT);
        let picks = inputs.plus(4 + RATES);
        let loss = sheet.block(4);
        let places = Places {
            galaxies: sheet.block(galaxies * SIDE * SIDE),
            inputs,
            rates: inputs.plus(4),
            picks,
            noise: picks.plus(images.next_multiple_of(4)),
            images: sheet.block(images * SIDE * SIDE),
            weights: sheet.block(layout.len),
            gradient: sheet.block(layout.len),
            means: sheet.block(layout.len),
            squares: sheet.block(layout.len),
            running: sheet.block(2 * layout.channels),
            table: sheet.block(6 * layout.channels),
            clipped: sheet.block(1),
            loss,
            first: loss.plus(2),
        };
        let (layers, mut slot) = ([layers::encoder(), layers::decoder()], 0);
        let [z, by_z] = [0; 2].map(|_| sheet.block(all * LATENT));
        let mut source = z;
        let mut keep = |sheet: &mut Sheet, layer: &Layer, count: usize, groups: usize| {
            let [channels, pixels] = layer.out();
            let bare = sheet.block(count * channels * pixels);
            let out = if layer.normalisation.is_some() { sheet.block(count * channels * pixels) } else { bare };
            let source = if layer.down {
                sheet.block(layer.rows() * count * layer.deep_pixels())
            } else {
                std::mem::replace(&mut source, out)
            };
            let kept = Kept { layer: layer.clone(), source, bare, out, slot, groups };
            slot += if layer.normalisation.is_some() { groups * channels } else { 0 };
            kept
        };
        let encoder: Vec<Kept> = layers[0].iter().map(|layer| keep(&mut sheet, layer, images, 1)).collect();
        let decoder: Vec<Kept> = layers[1].iter().map(|layer| keep(&mut sheet, layer, all, draws)).collect();
        let most = |of: fn(&Layer) -> usize| {
            let largest = |layers: &[Layer]| layers.iter().map(of).max().unwrap_or(0);
            (images * largest(&layers[0])).max(all * largest(&layers[1]))
        };
        let largest = most(|layer| layer.wide_len().max(layer.deep * layer.deep_pixels()));
        Writer {
            sizes,
            layout,
            places,
            encoder,
            decoder,
            statistics: sheet.block(2 * slot),
            slopes: sheet.block(2 * slot),
            heads: sheet.block(CODES * images),
            by_heads: sheet.block(CODES * images),
            z,
            by_z,
            parts: sheet.block(2 * (all * 4 + images + WALKERS)),
            columns: sheet.block(most(|layer| layer.rows() * layer.deep_pixels())),
            images: [0; 2].map(|_| sheet.block(largest)),
            thin: sheet.block(most(|layer| if layer.wide == 1 { layer.deep * layer.rows() } else { 0 })),
            sheet,
            launches: vec![],
        }
    }

    fn push(&mut self, launch: Launch) {
        self.launches.push(launch);
    }

    /// A product that is taken once.
    fn product(&mut self, [rows, columns, depth]: [usize; 3], left: Matrix, right: Matrix, out: Place) {
        self.push(Launch::Product(Product { rows, columns, depth, left, right, out, times: 1 }));
    }

    fn weight(&self, name: &str) -> Place {
        self.places.weights.plus(self.layout.at(name))
    }

    fn gradient(&self, name: &str) -> Place {
        self.places.gradient.plus(self.layout.at(name))
    }

    /// The images of the batch, picked and laid.
    fn batch(&mut self) {
        let Places { galaxies, picks, images, .. } = self.places;
        self.push(Launch::over(
            "batch",
            SIDE * SIDE,
            self.sizes.images,
            [galaxies.into(), picks.into(), images.into()],
        ));
    }

    /// Images `[wide][count][..]` to columns.
    fn columns(&mut self, layer: &Layer, count: usize, images: Place, columns: Place) {
        let [stride, padding] = if layer.is_whole() { [1, 0] } else { [2, 1] };
        let (bits, pixels) = (layer.deep_side.trailing_zeros() as usize, count * layer.deep_pixels());
        let numbers = [bits, stride, padding, layer.wide_side, pixels].map(Operand::from);
        let [bits, stride, padding, side, pixels_] = numbers;
        let operands = [images.into(), columns.into(), bits, stride, padding, side, pixels_];
        self.push(Launch::over("columns", pixels, layer.wide, operands));
    }

    /// Columns back to images, those of a pixel added up.
    fn spread(&mut self, layer: &Layer, count: usize, columns: Place, images: Place) {
        if layer.is_whole() {
            let operands = [columns.into(), images.into(), count.into()];
            return self.push(Launch::over("spread_whole", count, layer.wide, operands));
        }
        let (bits, pixels) = (layer.deep_side.trailing_zeros() as usize, count * layer.deep_pixels());
        self.push(Launch::over(
            "spread",
            pixels,
            layer.wide,
            [columns.into(), images.into(), bits.into(), pixels.into()],
        ));
    }

    /// Batch normalisation and activation, or activation alone.
    fn tail(&mut self, at: usize, down: bool, training: bool) {
        let kept = if down { &self.encoder[at] } else { &self.decoder[at] };
        let (bare, out, slot) = (kept.bare, kept.out, kept.slot);
        let groups = if training { kept.groups } else { 1 };
        let [channels, pixels] = kept.layer.out();
        let slope = if down { SLOPE } else { 0.0 };
        // Numbers of a group of a channel, and of all channels, four at a time.
        let [fours, all] = [1, channels].map(|channels| channels * self.sizes.images * pixels / 4);
        let launch = match &kept.layer.normalisation {
            None => Launch::over("leaky", all, 1, [bare.into(), all.into(), slope.into()]),
            Some(name) => {
                let [factor, bias] = ["weight", "bias"].map(|what| self.weight(&format!("{name}.{what}")));
                let of = |statistics: Place| {
                    [bare.into(), out.into(), factor.into(), bias.into(), statistics.into(), fours.into(), slope.into()]
                };
                if training {
                    Launch::blocks("normalise", [channels, groups], fours, of(self.statistics.plus(2 * slot)))
                } else {
                    let first =
                        self.layout.running().find(|(layer, ..)| layer == name).map_or(0, |(_, first, _)| first);
                    Launch::over("normalise_running", fours, channels, of(self.places.running.plus(2 * first)))
                }
            }
        };
        self.push(launch);
    }

    /// The gradient by what comes out of a convolution, in the place of that by what stands behind it.
    fn tail_back(&mut self, at: usize, down: bool, gradient: Place) {
        let kept = if down { &self.encoder[at] } else { &self.decoder[at] };
        let [channels, pixels] = kept.layer.out();
        let slope = if down { SLOPE } else { 0.0 };
        let [fours, all] = [1, channels].map(|channels| channels * self.sizes.images * pixels / 4);
        let launch = match &kept.layer.normalisation {
            None => Launch::over("leaky_back", all, 1, [kept.out.into(), gradient.into(), all.into(), slope.into()]),
            Some(name) => {
                let operands = [
                    kept.bare.into(),
                    kept.out.into(),
                    gradient.into(),
                    self.weight(&format!("{name}.weight")).into(),
                    self.statistics.plus(2 * kept.slot).into(),
                    self.slopes.plus(2 * kept.slot).into(),
                    fours.into(),
                    slope.into(),
                ];
                Launch::blocks("normalise_back", [channels, kept.groups], fours, operands)
            }
        };
        self.push(launch);
    }

    /// From the images of the batch to their loss: in training by the statistics of the batch and all draws, otherwise by running
    /// statistics and one draw.
    fn forward(&mut self, training: bool) {
        let images = self.sizes.images;
        let draws = if training { self.sizes.draws } else { 1 };
        let all = images * draws;
        let mut source = self.places.images;
        for at in 0..self.encoder.len() {
            let Kept { layer, source: columns, bare, out, .. } = &self.encoder[at];
            let (layer, columns, bare, out) = (layer.clone(), *columns, *bare, *out);
            self.columns(&layer, images, source, columns);
            let (weight, pixels) = (self.weight(&layer.weight), images * layer.deep_pixels());
            let sides = [layer.deep, pixels, layer.rows()];
            self.product(sides, Matrix::new(weight, layer.rows()), Matrix::new(columns, pixels), bare);
            self.tail(at, true, training);
            source = out;
        }
        let weight = self.weight("encoder.mean.weight");
        self.product([CODES, images, FLAT], Matrix::new(weight, FLAT), Matrix::new(source, images), self.heads);

        let Places { inputs: valid, noise, loss, .. } = self.places;
        let (drawn, parts) = (Launch::grid_of(LATENT * images), self.parts);
        let biases = self.weight("encoder.mean.bias");
        let operands = [self.heads, biases, noise, self.z, parts, valid].map(Operand::from);
        let [heads, biases, noise, z, first, valid_] = operands;
        let operands = [heads, biases, noise, z, first, valid_, images.into(), draws.into()];
        self.push(Launch::over("draw", LATENT * images, 1, operands));

        let last = self.decoder.len() - 1;
        for at in 0..=last {
            let Kept { layer, source, bare, .. } = &self.decoder[at];
            let (layer, source, bare) = (layer.clone(), *source, *bare);
            let (weight, pixels) = (self.weight(&layer.weight), all * layer.deep_pixels());
            let left = Matrix::new(weight, layer.rows()).transposed();
            self.product([layer.rows(), pixels, layer.deep], left, Matrix::new(source, pixels), self.columns);
            if at < last {
                self.spread(&layer, all, self.columns, bare);
                self.tail(at, false, training);
            }
        }
        let (columns, pixels) = (self.columns, all * SIDE * SIDE / 4);
        let operands = [columns, self.places.images, self.images[0], parts.plus(2 * drawn), valid].map(Operand::from);
        let [columns, data, gradient, first, valid] = operands;
        let weight = 1.0 / draws as f32;
        let operands = [columns, data, gradient, first, valid, images.into(), pixels.into(), weight.into()];
        self.push(Launch::over("likelihood", pixels, 1, operands));
        let count = drawn + Launch::grid_of(pixels);
        self.push(Launch::blocks("total", [1, 1], 256, [parts.into(), loss.into(), count.into()]));
    }

    /// The gradient of the weights of a convolution: deep images times columns, transposed.
    fn weight_back(&mut self, layer: &Layer, count: usize, deep: Place, columns: Place) {
        let (pixels, into) = (layer.deep_pixels(), self.gradient(&layer.weight));
        let sides = [layer.deep, layer.rows()];
        let (left, right) = (Matrix::new(deep, count * pixels), Matrix::new(columns, count * pixels).transposed());
        if layer.wide > 1 {
            return self.product([sides[0], sides[1], count * pixels], left, right, into);
        }
        // A small matrix with long sums, which few blocks would share: image by image, then added up.
        let (length, parts) = (sides[0] * sides[1], self.thin);
        let (left, right) = (left.each(pixels), right.each(pixels));
        self.push(Launch::Product(Product {
            rows: sides[0],
            columns: sides[1],
            depth: pixels,
            left,
            right,
            out: parts,
            times: count,
        }));
        self.push(Launch::over("fold", length, 1, [parts.into(), into.into(), length.into(), count.into()]));
    }

    /// From the gradient by the decoder's images to those of the weights.
    fn backward(&mut self) {
        let Sizes { images, draws, .. } = self.sizes;
        let all = images * draws;
        let [mut by_out, mut by_source] = self.images;
        for at in (0..self.decoder.len()).rev() {
            if at + 1 < self.decoder.len() {
                self.tail_back(at, false, by_out);
            }
            let (layer, deep) = (self.decoder[at].layer.clone(), self.decoder[at].source);
            let pixels = all * layer.deep_pixels();
            self.columns(&layer, all, by_out, self.columns);
            let (weight, columns) = (self.weight(&layer.weight), self.columns);
            let into = if at == 0 { self.by_z } else { by_source };
            let sides = [layer.deep, pixels, layer.rows()];
            self.product(sides, Matrix::new(weight, layer.rows()), Matrix::new(columns, pixels), into);
            self.weight_back(&layer, all, deep, columns);
            (by_out, by_source) = (by_source, by_out);
        }

        let biases = [self.weight("encoder.mean.bias"), self.gradient("encoder.mean.bias")];
        let places = [self.heads, biases[0], self.places.noise, self.by_z, self.by_heads, biases[1]].map(Operand::from);
        let [heads, biases, noise, by_z, by_heads, by_biases] = places;
        let operands = [heads, biases, noise, by_z, by_heads, by_biases, images.into(), draws.into()];
        self.push(Launch::blocks("draw_back", [LATENT, 1], images.min(256), operands));
        let (weight, into) = (self.weight("encoder.mean.weight"), self.gradient("encoder.mean.weight"));
        let (by_heads, flat) =
            (Matrix::new(self.by_heads, images), self.encoder.last().map_or(self.z, |kept| kept.out));
        self.product([CODES, FLAT, images], by_heads, Matrix::new(flat, images).transposed(), into);
        self.product([FLAT, images, CODES], Matrix::new(weight, FLAT).transposed(), by_heads, by_out);

        for at in (0..self.encoder.len()).rev() {
            self.tail_back(at, true, by_out);
            let (layer, columns) = (self.encoder[at].layer.clone(), self.encoder[at].source);
            self.weight_back(&layer, images, by_out, columns);
            if at == 0 {
                break;
            }
            let (weight, pixels) = (self.weight(&layer.weight), images * layer.deep_pixels());
            let left = Matrix::new(weight, layer.rows()).transposed();
            self.product([layer.rows(), pixels, layer.deep], left, Matrix::new(by_out, pixels), self.columns);
            self.spread(&layer, images, self.columns, by_source);
            (by_out, by_source) = (by_source, by_out);
        }
    }

    /// The gradients of batch normalisation, running statistics, and then all weights by their gradients.
    fn update(&mut self) {
        let Places { table, gradient, running, loss, .. } = self.places;
        let (statistics, slopes, channels) = (self.statistics, self.slopes, self.layout.channels);
        let [table, statistics, slopes, gradient, running, loss] =
            [table, statistics, slopes, gradient, running, loss].map(Operand::from);
        let operands = [table, channels.into(), statistics, slopes, gradient, running, loss];
        self.push(Launch::over("channels", channels, 1, operands));
        let Places { weights, gradient, means, squares, rates, clipped, loss, first, .. } = self.places;
        let fours = self.layout.len / 4;
        if let Some(most) = self.sizes.clip {
            let operands = [gradient.into(), self.parts.into(), fours.into()];
            self.push(Launch::blocks("squares", [WALKERS, 1], 256, operands));
            let operands = [self.parts.into(), clipped.into(), WALKERS.into(), most.into()];
            self.push(Launch::blocks("clip", [1, 1], 256, operands));
        }
        let [weights, means, squares, gradient, rates, clipped, loss, first] =
            [weights, means, squares, gradient, rates, clipped, loss, first].map(Operand::from);
        let operands = [weights, means, squares, gradient, rates, clipped, loss, first, fours.into()];
        self.push(Launch::blocks("adam", [WALKERS, 1], 256, operands));
    }
}
