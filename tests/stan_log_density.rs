//! The same model in Stan and in arclet has the same log density, up to a constant, and the same gradient.

mod posteriordb;

use arclet::prelude::{LogDensity, ModelDensity};
use posteriordb::models::POSTERIORS;
use posteriordb::reader::{data, log_density_points};

/// Relative to the largest number at hand. Both sides sum up to 5000 terms in double precision and differ by 1e-14 at most.
const TOLERANCE: f64 = 1e-12;

#[test]
fn log_densities_and_gradients_are_those_of_stan() {
    if data().is_none() {
        return;
    }
    let stan = log_density_points();
    let mut compared = 0;
    for posterior in POSTERIORS {
        let Some(points) = stan.get(posterior.name) else { continue };
        let density = ModelDensity::new(posterior.model()).unwrap();
        let (lanes, dim) = (points.len(), density.dim());
        assert!(lanes >= 2 && points.iter().all(|p| p.u.len() == dim), "{}: {dim} dimensions", posterior.name);
        // All points in one call, a lane each.
        let positions: Vec<f64> = points.iter().flat_map(|p| p.u.iter().copied()).collect();
        let (mut logp, mut grad) = (vec![0.0; lanes], vec![0.0; lanes * dim]);
        density.logp_and_grad(&positions, &mut logp, &mut grad).unwrap();
        let mut worst: f64 = 0.0;
        for (lane, point) in points.iter().enumerate() {
            // Stan leaves constants out, so the first point serves as the zero.
            let (ours, theirs) = (logp[lane] - logp[0], point.lp_jac - points[0].lp_jac);
            worst = worst.max((ours - theirs).abs() / point.lp_jac.abs().max(points[0].lp_jac.abs()).max(1.0));
            let scale = point.grad.iter().fold(1.0_f64, |m, g| m.max(g.abs()));
            let ours = &grad[lane * dim..(lane + 1) * dim];
            worst = ours.iter().zip(&point.grad).fold(worst, |w, (a, b)| w.max((a - b).abs() / scale));
        }
        println!("{:45} {dim:3} dimensions, {lanes} points: off by {worst:.1e}", posterior.name);
        assert!(worst < TOLERANCE, "{}: off by {worst:e}", posterior.name);
        compared += 1;
    }
    assert_eq!(compared, 10, "posteriors that Stan was asked about");
}
