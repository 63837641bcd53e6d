//! Data as observatories and other programs write them: several images in a file, a scale in the header, weights, fine PSFs.

use std::path::Path;
use std::sync::Arc;

use lens_models::data::{DataFiles, Inputs};
use lens_models::fits::{HeaderCard, HeaderValue, Image, NamedImage, write_images};
use lens_models::light::Sersic;
use lens_models::noise::{Correlated, Correlation, Noise};
use lens_models::op::{LightComponent, brightness, expose, sky};
use lens_models::psf::FWHM_PER_SIGMA;
use rand_distr::{Distribution as _, StandardNormal};

/// `lens.fits` with SCI, whose pixels are 0.05 arcsec by its header, and WHT, whose last pixel has no weight.
fn observation(folder: &Path) {
    let science = Image::new(9, 7, (0..63).map(|i| i as f32).collect()).unwrap();
    let mut weights = vec![25.0; 63];
    weights[62] = 0.0;
    let weights = Image::new(9, 7, weights).unwrap();
    let text = |keyword, text: &str| HeaderCard { keyword, value: HeaderValue::Text(text.to_owned()), comment: "" };
    let real = |keyword, value: f64| HeaderCard { keyword, value: HeaderValue::Real(value), comment: "" };
    let step = 0.05 / 3600.0;
    let cards = vec![
        text("CTYPE1", "RA---TAN"),
        text("CTYPE2", "DEC--TAN"),
        real("CD1_1", -step),
        real("CD1_2", 0.0),
        real("CD2_1", 0.0),
        real("CD2_2", step),
    ];
    let images = [
        NamedImage { name: "SCI", image: &science, cards },
        NamedImage { name: "WHT", image: &weights, cards: vec![] },
    ];
    write_images(folder.join("lens.fits"), &images).unwrap();
}

fn files(json: &str) -> DataFiles {
    serde_json::from_str(json).unwrap()
}

#[test]
fn image_weights_and_scale_come_from_one_file() {
    let folder = tempfile::tempdir().unwrap();
    observation(folder.path());
    let read = files(r#"{"image": "lens.fits[SCI]", "inverse_variance": "lens.fits[WHT]"}"#).read(&folder).unwrap();
    assert!((read.grid.pixel_scale() / 0.05 - 1.0).abs() < 1e-12);
    assert_eq!((read.report.mask.noise, read.report.mask.used), (1, 62));
    let (inverse, last) = (read.inverse_sigma(&vec![0.0; 63]), 62);
    assert_eq!((inverse[0], inverse[last], read.image.pixels[11]), (5.0, 0.0, 11.0));
    // What the file says itself is taken, whatever the header says.
    let own =
        files(r#"{"image": "lens.fits[SCI]", "background_rms": 1.0, "pixel_scale": 0.04}"#).read(&folder).unwrap();
    assert_eq!(own.grid.pixel_scale(), 0.04);
    let error = files(r#"{"image": "lens.fits[WHT]", "background_rms": 1.0}"#).read(&folder).unwrap_err();
    assert!(error.to_string().starts_with("`data` needs the key `pixel_scale`"), "{error}");
    let twice = r#"{"image": "lens.fits[SCI]", "inverse_variance": "lens.fits[WHT]", "background_rms": 1.0}"#;
    let error = files(twice).read(&folder).unwrap_err();
    assert!(error.to_string().contains("both `inverse_variance` and `background_rms`"), "{error}");
}

#[test]
fn a_mask_radius_has_the_centre_that_it_is_given() {
    let json = r#"{"pixel_scale": 1.0, "background_rms": 1.0, "mask_radius": 1.1, "mask_center": [3.0, -2.0]}"#;
    let image = Image::new(11, 9, vec![1.0; 99]).unwrap();
    let data = files(json).assemble(Inputs::new(image)).unwrap();
    // Five pixels about column 5 + 3, row 4 - 2.
    assert_eq!(data.report.mask.used, 5);
    assert!(data.mask.used()[2 * 11 + 8] && data.mask.used()[11 + 8] && !data.mask.used()[4 * 11 + 5]);
}

#[test]
fn the_noise_of_a_patch_is_the_correlation_of_the_likelihood_wherever_the_mask_is() {
    // Each pixel with half of its left neighbour: a correlation of 0.5 / 1.25.
    let (width, height) = (60, 50);
    let mut rng = ppl_core::rng::keyed(1, "white", 0);
    let white: Vec<f64> = (0..=width * height).map(|_| StandardNormal.sample(&mut rng)).collect();
    let pixels = white.windows(2).map(|pair| (0.5 * pair[1] + 0.25 * pair[0]) as f32).collect();
    let image = Image::new(width, height, pixels).unwrap();
    let json = |more: &str| format!(r#"{{"pixel_scale": 0.1, "background_rms": 0.6, "mask_radius": 1.0, {more}}}"#);
    let assemble = |more: &str| files(&json(more)).assemble(Inputs::new(image.clone()));
    let data = assemble(r#""noise_patch": [0, 0, 60, 20], "noise_reach": 1"#).unwrap();
    let Noise::Correlated(noise) = &data.noise else { panic!("{:?}", data.noise) };
    let (found, scatter) = Correlation::of_patch(&image, |_| 0.6, [0, 0, 60, 20], 1).unwrap();
    // 1200 pixels: three errors of 0.03, and 1 / 60 of the border.
    assert!((found.at(1, 0) - 0.4).abs() < 0.1 && found.at(0, 1).abs() < 0.1, "{found:?}");
    assert!(scatter > 0.9 && scatter < 1.2, "{scatter}");
    let again = Correlated::new(noise.map().clone(), &found, data.report.window).unwrap();
    let model = vec![0.1; data.image.pixels.len()];
    let both = [noise, &again].map(|noise| noise.log_prob(&data.image.pixels, &model));
    assert_eq!(both[0].to_bits(), both[1].to_bits());
    // The same, as a file says it.
    let given = Inputs { correlation: Some(Correlation::new(&found.image()).unwrap()), ..Inputs::new(image.clone()) };
    let given = files(&json(r#""supersampling": 1"#)).assemble(given).unwrap();
    assert!((given.noise.log_prob(&data.image.pixels, &model) - both[0]).abs() < 1e-3);
    for (more, part) in [
        (r#""noise_patch": [0, 0, 61, 20]"#, "leaves the image"),
        (r#""noise_patch": [0, 0, 60, 20], "noise_reach": 3"#, "ten times"),
        (r#""noise_patch": [0, 0, 60, 20], "noise_reach": 18446744073709551615"#, "above 32"),
        (r#""noise_patch": [0, 0, 60, 20], "exposure_time": 10.0"#, "instead of `exposure_time`"),
    ] {
        let error = assemble(more).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

/// A Gaussian galaxy (a Sersic profile of n = 1/2) behind a Gaussian PSF, pixel by pixel, and the same by its closed form.
fn blurred(fwhm: f64, psf_supersampling: usize, supersampling: usize) -> f64 {
    let (scale, radius, amp, center) = (0.1, 0.15, 2.0, [0.03, -0.02]);
    let keys = serde_json::json!({ "pixel_scale": scale, "background_rms": 1.0, "psf_fwhm": fwhm,
        "psf_supersampling": psf_supersampling, "supersampling": supersampling });
    let files: DataFiles = serde_json::from_value(keys).unwrap();
    let psf = files.read_psf(Path::new(".")).unwrap();
    let image = Image::new(21, 19, vec![0.0; 399]).unwrap();
    let data = Arc::new(files.assemble(Inputs { psf, ..Inputs::new(image) }).unwrap());
    let light = LightComponent::new(&Sersic, [amp, radius, 0.5, 0.0, 0.0, center[0], center[1]]).unwrap();
    let seen = expose(&data, &brightness(&sky(&data.grid).unwrap(), &light).unwrap()).unwrap();
    // I = amp e^b exp(-b r^2 / R^2), b = ln 2 to 1e-3 at n = 1/2; here from the profile itself.
    let b = lens_models::light::sersic_bn(0.5).b;
    let variance = radius * radius / (2.0 * b);
    let total = variance + (fwhm / FWHM_PER_SIGMA).powi(2);
    let peak = amp * b.exp() * variance / total;
    let mean = |from: f64| {
        // The mean of exp(-x^2 / (2 total)) over a pixel, by 20 Simpson intervals.
        let at = |i: i32| (-(from + scale * f64::from(i) / 20.0).powi(2) / (2.0 * total)).exp();
        let weight = |i: i32| [2.0, 4.0][i as usize % 2] * if i == 0 || i == 20 { 0.5 } else { 1.0 };
        (0..=20).map(|i| weight(i) * at(i)).sum::<f64>() / 60.0
    };
    let pixel = |i: usize| {
        let (x, y) = data.grid.position(i % 21, i / 21);
        peak * mean(x - center[0] - 0.5 * scale) * mean(y - center[1] - 0.5 * scale)
    };
    let off = seen.lane(0).iter().enumerate().map(|(i, value)| (f64::from(*value) - pixel(i)).abs());
    off.fold(0.0, f64::max) / peak
}

#[test]
fn a_psf_on_finer_pixels_blurs_as_the_closed_form_does() {
    // Where there are several points in a cell, the cell is taken out of the kernel, else it would count twice, once for the PSF and once for
    // the light: a variance of h^2 / 12 too much of total 0.018, 1 % of the peak and more. What is left is that no differences of a kernel as
    // narrow as a cell are its derivatives.
    let off = [1, 2, 4].map(|cells| blurred(0.1, cells, 4));
    println!("largest errors with 1, 2 and 4 cells, of the peak: {off:?}");
    // With 4 there is one point in a cell, so that it counts once.
    assert!(off[0] < 0.015 && off[1] < 1e-3 && off[2] < 1e-4, "{off:?}");
    let wider = [0.15, 0.2, 0.3].map(|fwhm| blurred(fwhm, 1, 4));
    println!("and on whole pixels with a PSF 1.5, 2 and 3 pixels wide: {wider:?}");
    assert!(wider[0] < 2e-3 && wider[1] < 2.5e-3 && wider[2] < 1e-3, "{wider:?}");
}

#[test]
fn a_coarse_look_has_a_point_a_pixel_however_these_were_divided() {
    for (psf_supersampling, supersampling) in [(1, None), (1, Some(2)), (3, None), (3, Some(3)), (3, Some(6))] {
        let keys = serde_json::json!({ "pixel_scale": 0.1, "background_rms": 1.0, "psf_fwhm": 0.25,
            "psf_supersampling": psf_supersampling, "supersampling": supersampling });
        let files: DataFiles = serde_json::from_value(keys).unwrap();
        let psf = files.read_psf(Path::new(".")).unwrap();
        let image = Image::new(21, 19, vec![0.0; 399]).unwrap();
        let data = files.assemble(Inputs { psf, ..Inputs::new(image) }).unwrap();
        let coarse = data.coarse().unwrap();
        assert_eq!((coarse.grid.subpixels(), coarse.grid.cells()), (399, 1), "{psf_supersampling} {supersampling:?}");
        // As wide in arcsec, to a pixel on each side.
        let (fine, wide) = (data.psf.unwrap().width() as f64, coarse.psf.unwrap().width() as f64);
        assert!((fine / f64::from(psf_supersampling) - wide).abs() <= 1.0, "{fine} {wide}");
    }
}
