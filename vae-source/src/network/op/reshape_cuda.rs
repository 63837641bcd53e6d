//! Other shapes and kinds of the same numbers on a GPU: which kernels of kernels/reshape.cu are launched, on what.

use ppl_core::Result;
use ppl_core::autodiff::{Body, Element, Launch, Launches, Places};
use ppl_core::cuda::Argument;

/// The kernels.
pub(crate) const SOURCE: (&str, &str) = ("reshape", include_str!("../../../kernels/reshape.cu"));
const THREADS: usize = 256;

/// The body of a reshape to this kind of numbers. Its output has the lanes of its input, so that both are one row.
pub(super) fn reshape(to: Element, places: &mut Places<'_>) -> Result<Box<dyn Body>> {
    let n = places.output_shape().len();
    // An input that is no pixels has host numbers.
    let of_pixels = places.pixels(0).is_ok();
    let from: Argument = if of_pixels { places.pixels(0)?.at.into() } else { places.numbers(0)?.at.into() };
    let by: Option<Argument> =
        if of_pixels { places.by_pixels(0).map(|by| by.at.into()) } else { places.by_numbers(0).map(Argument::from) };
    let (name, out, cotangent): (_, Argument, Argument) = match (of_pixels, to) {
        (true, Element::F32) => ("pixels_to_pixels", places.out_pixels()?.into(), places.cotangent_pixels()?.into()),
        (false, Element::F32) => ("numbers_to_pixels", places.out_pixels()?.into(), places.cotangent_pixels()?.into()),
        (_, Element::F64) => ("pixels_to_numbers", places.out_numbers()?.into(), places.cotangent_numbers()?.into()),
    };
    let grid = [places.gpu().blocks(n, 1, THREADS), 1, 1];
    let launch = |name: &str, from, to| -> Result<_> {
        Ok(Launch::new(places.kernel(SOURCE, name)?, grid, THREADS, vec![n.into(), from, to]))
    };
    let value = vec![launch(name, from, out)?];
    let back = by.map(|by| launch(&format!("{name}_vjp"), cotangent, by)).transpose()?;
    Ok(Box::new(Launches { gpu: places.gpu().clone(), value, vjp: back.into_iter().collect() }))
}
