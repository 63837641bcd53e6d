//! Whole densities with their pixels on an emulated GPU: stages, uploads, gradients and lanes, against the host.
#![cfg(feature = "cuda")]

use arclet::core::Processor;
use arclet::core::cuda::Gpu;
use arclet::selftest::{TOLERANCE, densities};

#[test]
fn five_systems_on_an_emulated_gpu_have_the_densities_of_the_host() {
    if std::process::Command::new("g++").arg("--version").output().is_err() {
        test_data::skip("densities were not evaluated on an emulated GPU, there is no C++ compiler `g++`");
        return;
    }
    let all = densities(&Processor::Cuda(Gpu::emulated()), &[2]).unwrap();
    assert_eq!(all.len(), 5);
    for outcome in all {
        println!("{:66} {:9.1e} {:9.1e}", outcome.name, outcome.value, outcome.gradient);
        assert!(outcome.value <= TOLERANCE && outcome.gradient <= TOLERANCE, "{outcome:?}");
    }
}
