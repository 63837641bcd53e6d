//! The kernels of the decoder and its light, and their launches, compiled for this machine, against the operations that it runs itself.
#![cfg(feature = "cuda")]

use ppl_core::cuda::Gpu;
use vae_source::selftest;

#[test]
fn every_operation_on_an_emulated_gpu_is_that_of_the_host() {
    if !test_data::has("g++") {
        return;
    }
    let all = selftest(&Gpu::emulated(), 1, &[2, 13, 14]).unwrap();
    all.iter().for_each(|errors| println!("{:60} {:9.1e} {:9.1e}", errors.name, errors.value, errors.gradient));
    for errors in all {
        // Both are sums of f32 terms in another order.
        assert!(errors.value < 1e-5 && errors.gradient < 1e-5, "{errors:?}");
    }
}
