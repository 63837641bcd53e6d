//! Rays of 256 x 256 pixels through five lenses at five redshifts, with the gradient by their 25 parameters and w0: forwards and backwards.
//! `benches/peers/planes_lenstronomy.py` is what lenstronomy takes forwards alone.

use std::hint::black_box;
use std::path::Path;

use arclet::core::{Ctx, LogDensity, ModelDensity, handler};
use arclet::lens::system::{Scales, System, SystemModel, simulate};
use criterion::{Criterion, criterion_group, criterion_main};

/// Five SIEs; what the camera does is a sum over pixels, without a PSF.
fn system() -> String {
    let lens = |k: u32| {
        let (x, y) = (0.5 * f64::from(k).sin(), 0.4 * f64::from(k).cos());
        format!(
            r#"{{ "name": "lens{k}", "profile": "sie", "redshift": {}, "parameters": {{ "theta_E": {{ "value": {}, "free": true }},
            "e1": {{ "value": 0.1, "free": true }}, "e2": {{ "value": -0.05, "free": true }},
            "center_x": {{ "value": {x}, "free": true }}, "center_y": {{ "value": {y}, "free": true }} }} }}"#,
            0.2 + 0.3 * f64::from(k),
            0.3 + 0.05 * f64::from(k),
        )
    };
    format!(
        r#"{{ "data": {{ "size": [256, 256], "pixel_scale": 0.04, "background_rms": 0.05, "supersampling": 1 }},
        "cosmology": {{ "z_lens": 0.2, "z_source": 2.0, "parameters": {{ "w0": {{ "value": -1.0, "free": true }} }} }}, "lens": [{}],
        "source": [{{ "name": "source", "profile": "gaussian", "parameters": {{ "amp": {{ "value": 1.0 }}, "sigma": {{ "value": 0.3 }},
        "e1": {{ "value": 0.0 }}, "e2": {{ "value": 0.0 }}, "center_x": {{ "value": 0.05 }}, "center_y": {{ "value": 0.02 }} }} }}] }}"#,
        (0..5).map(lens).collect::<Vec<_>>().join(", ")
    )
}

fn value_and_gradient(c: &mut Criterion) {
    let mut run = || -> anyhow::Result<()> {
        let system = System::from_json(&system(), Path::new("planes"), Path::new("."))?;
        let data = simulate(&system.at_start(), 1)?.data;
        let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, false))?;
        let density = ModelDensity::new(handler::priors(move |ctx: &mut Ctx| model.run(ctx), system.sampled_priors()))?;
        let mut position = density.draw_prior(1, 1)?;
        let (mut logp, mut grad) = (vec![0.0], vec![0.0; density.dim()]);
        // The plan is trusted after its first evaluations, at other positions.
        for _ in 0..4 {
            position[0] += 1e-3;
            density.logp_and_grad(&position, &mut logp, &mut grad)?;
        }
        c.bench_function("five planes, 256 x 256, value and gradient", |b| {
            b.iter(|| density.logp_and_grad(black_box(&position), &mut logp, &mut grad));
        });
        Ok(())
    };
    if let Err(error) = run() {
        eprintln!("{error}");
    }
}

criterion_group!(benches, value_and_gradient);
criterion_main!(benches);
