//! The likelihood of an image on a GPU.

use std::sync::Arc;

use ppl_core::Result;
use ppl_core::autodiff::{Body, Launch, Launches, Places};
use ppl_core::cuda::{Argument, At};

use super::THREADS;
use crate::data::ImageData;
use crate::noise::{Correlated, Noise};

/// The kernels of images.
pub(super) const SOURCE: (&str, &str) =
    ("image", concat!(include_str!("../../../kernels/sums.cu"), include_str!("../../../kernels/image.cu")));

/// The body of a likelihood.
pub(in crate::op) fn likelihood(data: &Arc<ImageData>, places: &mut Places<'_>) -> Result<Box<dyn Body>> {
    let (n, lanes) = (data.image.pixels.len(), places.lanes());
    // A negative factor says that the variance does not follow the model.
    let (weight, iv, factor, constant) = match &data.noise {
        Noise::Sigma(map) => (map.inverse(), 1.0, -1.0, map.constant()),
        Noise::Background(b) => (b.shares(), b.inverse_variance(), b.factor(), b.constant()),
        Noise::Correlated(noise) => return correlated(data, noise, places),
    };
    let grid = [places.gpu().blocks(n, lanes, THREADS), lanes, 1];
    let image = places.pixels(0)?.at;
    let partial: At<f64> = places.scratch(lanes * grid[0])?;
    let arrived: At<u32> = places.scratch(lanes)?;
    let common: [Argument; 5] = [
        n.into(),
        places.shared("data", || data.image.pixels.clone())?.into(),
        places.shared("weight", || weight.to_vec())?.into(),
        iv.into(),
        factor.into(),
    ];
    let sums = [constant.into(), image.into(), partial.into(), arrived.into(), places.out_numbers()?.into()];
    let add = usize::from(!places.sets(0));
    let launch =
        |name, arguments| Ok::<_, ppl_core::Error>(Launch::new(places.kernel(SOURCE, name)?, grid, THREADS, arguments));
    let value = vec![launch("log_prob", common.into_iter().chain(sums).collect())?];
    let back = |by: At<f32>| -> Result<_> {
        let arguments = [image.into(), places.cotangent_numbers()?.into(), by.into(), add.into()];
        launch("log_prob_vjp", common.into_iter().chain(arguments).collect())
    };
    let by = places.by_pixels(0).map(|lanes| lanes.at);
    let vjp = by.map(back).transpose()?.into_iter().collect();
    let both = |by: At<f32>| -> Result<_> {
        let back = [places.cotangent_numbers()?.into(), by.into(), add.into()];
        launch("log_prob_both", common.into_iter().chain(sums).chain(back).collect())
    };
    let both = by.map(both).transpose()?;
    Ok(Box::new(Likelihood { apart: Launches { gpu: places.gpu().clone(), value, vjp }, both }))
}

/// The body of a likelihood whose pixels go with their neighbours: a block of threads for each lane, row after row of the factor.
fn correlated(data: &Arc<ImageData>, noise: &Correlated, places: &mut Places<'_>) -> Result<Box<dyn Body>> {
    let (n, lanes, image) = (data.image.pixels.len(), places.lanes(), places.pixels(0)?.at);
    let (first, end, numbers) = noise.factor();
    // The factor has fewer numbers than 2^27.
    let ends = || end.iter().map(|end| *end as u32).collect();
    let common: [Argument; 9] = [
        n.into(),
        noise.used().len().into(),
        places.shared("used", || noise.used().to_vec())?.into(),
        places.shared("first", || first.to_vec())?.into(),
        places.shared("end", ends)?.into(),
        places.shared("factor", || numbers.to_vec())?.into(),
        places.shared("data", || data.image.pixels.clone())?.into(),
        places.shared("weight", || noise.map().inverse().to_vec())?.into(),
        noise.constant().into(),
    ];
    let (z, out): (At<f64>, At<f64>) = (places.scratch(lanes * noise.used().len())?, places.out_numbers()?);
    let (none, nowhere): (Option<At<f64>>, Option<At<f32>>) = (None, None);
    let add = usize::from(!places.sets(0));
    let launch = |ends: [Argument; 6]| {
        let arguments = common.into_iter().chain(ends).collect();
        Ok::<_, ppl_core::Error>(Launch::new(
            places.kernel(SOURCE, "correlated_log_prob")?,
            [lanes, 1, 1],
            THREADS,
            arguments,
        ))
    };
    let value = vec![launch([image.into(), z.into(), out.into(), none.into(), nowhere.into(), add.into()])?];
    let by = places.by_pixels(0).map(|lanes| lanes.at);
    let back = |by: At<f32>, out: Option<At<f64>>| -> Result<Launch> {
        launch([image.into(), z.into(), out.into(), places.cotangent_numbers()?.into(), by.into(), add.into()])
    };
    let vjp = by.map(|by| back(by, none)).transpose()?.into_iter().collect();
    let both = by.map(|by| back(by, Some(out))).transpose()?;
    Ok(Box::new(Likelihood { apart: Launches { gpu: places.gpu().clone(), value, vjp }, both }))
}

/// What is launched, apart and as one.
struct Likelihood {
    apart: Launches,
    /// None where nobody wants the gradient.
    both: Option<Launch>,
}

impl Body for Likelihood {
    fn value(&self) -> Result<()> {
        self.apart.value()
    }

    fn vjp(&self) -> Result<()> {
        self.apart.vjp()
    }

    fn both(&self) -> Result<()> {
        self.both.as_ref().map_or_else(|| self.apart.value(), |both| self.apart.run(std::slice::from_ref(both)))
    }
}
