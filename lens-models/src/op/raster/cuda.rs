//! The light of an image on a GPU: which kernels of kernels/light.cu are launched, on what.

use ppl_core::Result;
use ppl_core::autodiff::{Body, Launch, Launches, Places};
use ppl_core::cuda::{Argument, At};

use super::placed::PARAMS;

/// The kernels.
pub(in crate::op) const SOURCE: (&str, &str) =
    ("light", concat!(ppl_core::early_kernels!(), include_str!("../../../kernels/light.cu")));
const THREADS: usize = 256;
/// Threads that take the moments of an image.
const MOMENTS: usize = 1024;
/// The longest side of an image whose spline is solved in shared memory.
const SHARED_SIDE: usize = 64;

/// Blocks along so many points, and so many lanes.
fn every(points: usize, lanes: usize) -> ([usize; 3], usize) {
    ([points.div_ceil(THREADS), lanes, 1], THREADS)
}

fn launch(
    places: &Places<'_>,
    name: &str,
    at: ([usize; 3], usize),
    arguments: impl IntoIterator<Item = Argument>,
) -> Result<Launch> {
    Ok(Launch::new(places.kernel(SOURCE, name)?, at.0, at.1, arguments.into_iter().collect()))
}

/// The body of the brightness of an image (input 0) at positions (input 1) with a placement (the rest), through so many taps.
///
/// # Errors
/// What the device says.
pub(super) fn brightness(taps: usize, places: &mut Places<'_>) -> Result<Box<dyn Body>> {
    let (n, lanes) = (places.output_shape().dims.len(), places.lanes());
    let pixels = places.shape(0).dims.len();
    let side = pixels.isqrt();
    let blocks = places.gpu().blocks(n, lanes, THREADS);
    let grid = ([blocks, lanes, 1], THREADS);
    let name = |what: &str| format!("brightness_{taps}{what}");

    let sizes: [Argument; 2] = [n.into(), side.into()];
    let (image, positions) = (places.pixels(0)?.arguments(), places.pixels(1)?.arguments());
    let mut placement = vec![];
    for i in 0..PARAMS {
        placement.extend(places.numbers(2 + i)?.arguments());
    }
    let common = || sizes.into_iter().chain(image).chain(positions).chain(placement.iter().copied());
    let out = places.out_pixels()?;
    let value = vec![launch(places, &name(""), grid, common().chain([out.into()]))?];

    let params: Vec<Option<At<f64>>> = (0..PARAMS).map(|i| places.by_numbers(2 + i)).collect();
    let (by_image, by_positions) = (places.by_pixels(0), places.by_pixels(1));
    if by_image.is_none() && by_positions.is_none() && params.iter().all(Option::is_none) {
        return Ok(Box::new(Launches { gpu: places.gpu().clone(), value, vjp: vec![] }));
    }
    let cotangent = places.cotangent_pixels()?;
    let largest: At<u32> = places.scratch(lanes * blocks)?;
    let exponent: At<i32> = places.scratch(lanes)?;
    let fixed: Option<At<u64>> = match by_image {
        Some(_) => Some(places.scratch(lanes * pixels)?),
        None => None,
    };
    let partial: At<f64> = places.scratch(lanes * blocks * PARAMS)?;
    // Lanes that share the positions each have a gradient of their own first.
    let shared = by_positions.is_some() && places.shape(1).lanes < lanes;
    let own: Option<At<f32>> = if shared { Some(places.scratch(lanes * 2 * n)?) } else { by_positions.map(|by| by.at) };

    let mut vjp = vec![];
    if fixed.is_some() {
        let arguments =
            sizes.into_iter().chain(positions).chain(placement.clone()).chain([cotangent.into(), largest.into()]);
        vjp.push(launch(places, &name("_largest"), grid, arguments)?);
    }
    let add = usize::from(shared || own.is_none() || !places.sets(1));
    let sinks: [Argument; 8] = [
        cotangent.into(),
        own.into(),
        (2 * n).into(),
        add.into(),
        largest.into(),
        exponent.into(),
        fixed.into(),
        partial.into(),
    ];
    vjp.push(launch(places, &name("_vjp"), grid, common().chain(sinks))?.early());
    let image = by_image.map(|by| by.at);
    let add = usize::from(image.is_none() || !places.sets(0));
    let rows = if image.is_some() { places.shape(0).lanes } else { lanes };
    let ends: [Argument; 8] = [
        pixels.into(),
        lanes.into(),
        fixed.into(),
        exponent.into(),
        image.into(),
        add.into(),
        blocks.into(),
        partial.into(),
    ];
    let arguments = ends.into_iter().chain(params.into_iter().map(Argument::from));
    let more = if image.is_some() { pixels.div_ceil(THREADS) } else { 0 };
    vjp.push(launch(places, "brightness_finish", ([1 + more, rows, 1], THREADS), arguments)?.early());
    if let (true, Some(own), Some(by)) = (shared, own, by_positions) {
        let arguments = [(2 * n).into(), lanes.into(), own.into(), by.at.into()];
        vjp.push(launch(places, "add_lanes", every(2 * n, 1), arguments)?);
    }
    Ok(Box::new(Launches { gpu: places.gpu().clone(), value, vjp }))
}

/// The body of the coefficients of a spline.
///
/// # Errors
/// What the device says.
pub(super) fn spline_coefficients([height, width]: [usize; 2], places: &mut Places<'_>) -> Result<Box<dyn Body>> {
    let (lanes, from, to) = (places.lanes(), places.pixels(0)?.at, places.out_pixels()?);
    let solve = |places: &Places<'_>, [from, work, to]: [At<f32>; 3], add: bool| {
        let arguments = [height.into(), width.into(), from.into(), work.into(), to.into(), usize::from(add).into()];
        launch(places, "spline_coefficients", ([lanes, 1, 1], 64), arguments)
    };
    let value = vec![solve(places, [from, to, to], false)?];
    let mut vjp = vec![];
    if let Some(by) = places.by_pixels(0) {
        let cotangent = places.cotangent_pixels()?;
        let work = places.scratch(if height.max(width) > SHARED_SIDE { lanes * height * width } else { 0 })?;
        let add = !places.sets(0);
        vjp.push(solve(places, [cotangent, work, by.at], add)?);
    }
    Ok(Box::new(Launches { gpu: places.gpu().clone(), value, vjp }))
}

/// The body of the moments of an image of this side.
///
/// # Errors
/// What the device says.
pub(super) fn moments(side: usize, places: &mut Places<'_>) -> Result<Box<dyn Body>> {
    let (lanes, image) = (places.lanes(), places.pixels(0)?.at);
    let arguments = [side.into(), image.into(), places.out_numbers()?.into()];
    let value = vec![launch(places, "moments", ([lanes, 1, 1], MOMENTS), arguments)?];
    let mut vjp = vec![];
    if let Some(by) = places.by_pixels(0) {
        let [moments, by_moments] = [places.out_numbers()?, places.cotangent_numbers()?].map(Argument::from);
        let arguments = [side.into(), image.into(), moments, by_moments, by.at.into()];
        vjp.push(launch(places, "moments_vjp", every(side * side, lanes), arguments)?);
    }
    Ok(Box::new(Launches { gpu: places.gpu().clone(), value, vjp }))
}
