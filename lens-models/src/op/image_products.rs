//! The products of images of unit amplitude with each other and with the data: all that the data say of their amplitudes.

use std::sync::Arc;

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, common_lanes, record};
use ppl_core::{Array, Result, pool};

use crate::data::ImageData;
use crate::error::Error;
use crate::linear::{Target, count, each_stretch, gradients, products, room, slopes};
use crate::noise::{Noise, SigmaMap};

/// sum_p B_i B_j / sigma^2 of rows i <= j, row by row, where the last row is data - rest and the others are images `[height, width]`: `[count]`
/// numbers.
///
/// # Errors
/// Images of another shape than the data; noise that depends on the model.
pub(super) fn image_products(data: &Arc<ImageData>, images: &[Array], rest: Option<&Array>) -> Result<Value> {
    let op = ImageProducts::new(data.clone(), images.len())?;
    let inputs: Vec<&Value> = images.iter().chain(rest).map(Array::as_value).collect();
    record(op, &inputs)
}

/// The weights of data whose noise does not depend on the model.
///
/// # Errors
/// Noise that does.
pub(crate) fn fixed_noise(data: &ImageData) -> crate::error::Result<&SigmaMap> {
    match &data.noise {
        Noise::Sigma(map) => Ok(map),
        Noise::Background(_) => Err(Error::NoiseOfModel),
        Noise::Correlated(_) => Err(Error::CorrelatedAmplitudes),
    }
}

#[derive(Clone)]
pub(super) struct ImageProducts {
    data: Arc<ImageData>,
    images: usize,
    room: Vec<f64>,
    slopes: Vec<f64>,
}

impl ImageProducts {
    /// Of so many images; one input more is what is added to them.
    pub(super) fn new(data: Arc<ImageData>, images: usize) -> crate::error::Result<Self> {
        fixed_noise(&data)?;
        Ok(ImageProducts { data, images, room: vec![], slopes: vec![] })
    }

    /// 1 / sigma of each pixel; `new` has let no other noise in.
    fn inverse(&self) -> &[f32] {
        fixed_noise(&self.data).map_or(&[], |map| map.inverse())
    }

    /// The images of one lane, and what they are to add up to: the data less what is added to them.
    fn images<'a>(&'a self, inputs: Inputs<'a>, lane: usize) -> (Vec<&'a [f32]>, Target<'a>) {
        let images = (0..self.images).map(|k| inputs.at(k).lane_pixels(lane)).collect();
        let rest = (inputs.len() > self.images).then(|| inputs.at(self.images).lane_pixels(lane));
        (images, (&self.data.image.pixels, rest))
    }
}

impl FusedOp for ImageProducts {
    const NAME: &'static str = "image_products";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let data = &self.data.image;
        if let Some(other) = inputs.iter().find(|shape| shape.dims.len() != data.pixels.len()) {
            return Err(ppl_core::Error::Broadcast { left: Dims::new(&[data.height, data.width]), right: other.dims });
        }
        Ok(Output::numbers(Shape::new(common_lanes(inputs), Dims::new(&[count(self.images)]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let (width, lanes) = (out.shape.dims.len(), out.shape.lanes);
        let mut room = std::mem::take(&mut self.room);
        for lane in 0..lanes {
            let (images, target) = self.images(inputs, lane);
            let sums = &mut out.numbers()[lane * width..(lane + 1) * width];
            products(&images, target, self.inverse(), &mut room, sums);
        }
        self.room = room;
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, into: &mut Gradients<'_>) {
        if !into.any_wanted() {
            return;
        }
        let (n, mut by) = (self.images, std::mem::take(&mut self.slopes));
        let mut written = pool::take(room(n, self.inverse().len()));
        for lane in 0..out.shape.lanes {
            slopes(n + 1, cotangent.lane(lane), &mut by);
            if by.iter().all(|slope| *slope == 0.0) {
                continue;
            }
            let (images, target) = self.images(inputs, lane);
            gradients(&images, target, self.inverse(), &by, &mut written);
            each_stretch(n, &written, |k, start, part| {
                if k < into.len()
                    && let Some(gradient) = into.lane_pixels(k, lane)
                {
                    gradient[start..start + part.len()].iter_mut().zip(part).for_each(|(g, p)| *g += p);
                }
            });
        }
        pool::give_back(written);
        self.slopes = by;
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        super::gpu::image_products(&self.data, self.inverse(), self.images, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::place;
    use crate::op::tests_data::{data, images};
    use ppl_core::autodiff::check;

    #[test]
    fn each_sum_is_that_of_its_rows() {
        let (data, inputs) = (data(6, 5, 1), images(2));
        let value = record(ImageProducts::new(data.clone(), 3).unwrap(), &inputs.iter().collect::<Vec<_>>()).unwrap();
        let row = |k: usize, lane: usize, i: usize| {
            let pixel = |k: usize| f64::from(inputs[k].data().pixels()[lane % inputs[k].lanes() * 30 + i]);
            if k < 3 { pixel(k) } else { f64::from(data.image.pixels[i]) - pixel(3) }
        };
        for lane in 0..2 {
            for (i, j) in (0..4).flat_map(|i| (i..4).map(move |j| (i, j))) {
                // Sigma is 0.5.
                let expected: f64 = (0..30).map(|p| 4.0 * row(i, lane, p) * row(j, lane, p)).sum();
                let got = value.numbers()[lane * count(3) + place(4, i, j)];
                assert!((got - expected).abs() < 1e-12 * expected.abs().max(1.0), "{i} {j}: {got} {expected}");
            }
        }
    }

    #[test]
    fn the_vjp_is_right_by_every_image_in_every_lane() {
        for lanes in [1, 2] {
            for used in [3, 4] {
                // Products are parabolas, exact for central differences; f32 images round steps to 6e-8 / 1e-2.
                let op = || ImageProducts::new(data(6, 5, 1), 3).unwrap();
                check::vjp(op, &images(lanes)[..used], 1e-2, 1e-4);
            }
        }
    }
}
