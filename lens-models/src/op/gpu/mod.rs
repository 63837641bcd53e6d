//! The operations of this folder's parent on a GPU.

mod exposure;
mod field;
mod image_products;
mod likelihood;
mod ray_sum;

pub(super) use exposure::exposure;
pub(super) use field::{Field, field};
pub(super) use image_products::image_products;
pub(super) use likelihood::likelihood;
pub(super) use ray_sum::ray_sum;

use crate::codegen::Kernel;
use crate::light;
use crate::mass::{self, MassProfile};

/// Threads of a block.
const THREADS: usize = 256;

/// The CUDA C of this crate by name: images, rays through planes, each profile by itself, and the lens of most systems.
#[must_use]
pub fn kernel_sources() -> Vec<(String, String)> {
    let mut all = [likelihood::SOURCE, ray_sum::SOURCE, image_products::SOURCE, super::raster::KERNELS]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .to_vec();
    let field = |kernels: &[Kernel], rays: bool| {
        let name = kernels.iter().map(|kernel| kernel.name).collect::<Vec<_>>().join("-");
        let outputs = kernels.first().map_or(0, |kernel| kernel.outputs);
        let starts: Vec<usize> = (0..kernels.len()).map(|k| 256 * k).collect();
        (name, field::source(kernels, outputs, &starts, rays))
    };
    let masses =
        mass::ALL.iter().copied().chain([&mass::SPLE_TABLE as &dyn MassProfile]).filter_map(MassProfile::kernel);
    all.extend(masses.map(|kernel| field(&[kernel], false)));
    all.extend(light::ALL.iter().filter_map(|p| p.kernel()).map(|kernel| field(&[kernel], false)));
    let lens: Vec<Kernel> = [&mass::Epl as &dyn MassProfile, &mass::Shear].iter().filter_map(|p| p.kernel()).collect();
    all.push(field(&lens, true));
    all
}

/// Sums in a fixed order, which other sources begin with.
const SUMS: &str = include_str!("../../../kernels/sums.cu");
