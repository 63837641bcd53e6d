//! Selftest: every operation of this crate on a GPU against itself on the host, and the kernels of all.

use ppl_core::autodiff::check_gpu::DeviceErrors;
use ppl_core::cuda::Gpu;

use crate::error::Result;
use crate::network;

/// The errors of every operation, of the decoder for these numbers of images.
///
/// # Errors
/// What the driver says.
pub fn selftest(gpu: &Gpu, seed: u64, images: &[usize]) -> Result<Vec<DeviceErrors>> {
    let mut all = vec![];
    for lanes in [1, 3] {
        all.extend(network::op::selftest(gpu, lanes)?);
    }
    for images in images {
        all.push(network::selftest(gpu, seed, *images)?);
    }
    Ok(all)
}

/// The CUDA C of this crate by name.
#[must_use]
pub fn kernel_sources() -> Vec<(String, String)> {
    let all = [network::KERNELS, network::op::KERNELS, ("training", include_str!("../kernels/training.cu"))];
    all.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec()
}
