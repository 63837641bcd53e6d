//! The gradient of a density against differences of its values.

use ppl_core::LogDensity;

/// Five points a number, `h` apart.
pub fn is_that_of_differences(density: &impl LogDensity, position: &[f64], h: f64) {
    let at = |position: &[f64]| {
        let (mut logp, mut grad) = (vec![0.0], vec![0.0; density.dim()]);
        density.logp_and_grad(position, &mut logp, &mut grad).expect("a density");
        (logp[0], grad)
    };
    let (logp, grad) = at(position);
    assert!(logp.is_finite());
    let size = grad.iter().fold(0.0_f64, |size, g| size.max(g.abs()));
    for (i, got) in grad.iter().enumerate() {
        let moved = |by: f64| {
            let mut position = position.to_vec();
            position[i] += by;
            at(&position).0
        };
        let numeric = (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
        // Pixels of f32, 576 of them, over a step of 1e-3 or 2e-3.
        assert!((got - numeric).abs() < 2e-3 * size.max(1.0), "{i}: {got} is not {numeric}, of {size}");
    }
}
