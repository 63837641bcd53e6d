//! Bad input: exit code 2, one line that says what and where, and no folder left behind.

mod program;

use std::fs;
use std::path::Path;

use program::{change_image, empty, mock, refused};

/// A fit of a mock that was spoilt.
#[track_caller]
fn spoilt(spoil: impl FnOnce(&Path), parts: &[&str]) {
    let folder = mock();
    spoil(folder.path());
    refused(folder.path(), &["fit", "system.json", "--out", "out", "--method", "map"], parts);
}

#[track_caller]
fn spoilt_text(from: &str, to: &str, parts: &[&str]) {
    spoilt(|root| change_text(&root.join("system.json"), from, to), parts);
}

/// Rewrites a text file after replacing something that must be there.
fn change_text(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("a text of ours");
    assert!(text.contains(from), "{text} has no {from}");
    fs::write(path, text.replace(from, to)).expect("a temporary folder");
}

/// A mock with this as its prior set.
#[track_caller]
fn spoilt_prior(priors: &str, parts: &[&str]) {
    let folder = mock();
    fs::write(folder.path().join("p.json"), priors).expect("a temporary folder");
    let fit = ["fit", "system.json", "--out", "out", "--method", "map", "--priors", "p.json"];
    refused(folder.path(), &fit, parts);
    refused(folder.path(), &["priors", "system.json", "--priors", "p.json"], parts);
}

#[test]
fn a_gpu_that_is_not_there() {
    let folder = mock();
    refused(folder.path(), &["selftest", "--device", "cpu"], &["cpu", "--device cuda"]);
    if Path::new("/dev/nvidiactl").exists() {
        return test_data::skip("this machine has a GPU, which nobody can miss");
    }
    for command in
        [&["selftest"][..], &["bench", "--device", "cuda"], &["fit", "system.json", "--out", "out", "--device", "cuda"]]
    {
        refused(folder.path(), command, &["NVIDIA driver", "run on the cpu"]);
    }
}

#[test]
fn images_that_are_missing_cut_short_or_something_else() {
    spoilt(|root| fs::remove_file(root.join("image.fits")).expect("it is there"), &["image.fits", "does not exist"]);
    let cut = |bytes: usize| {
        move |root: &Path| {
            let path = root.join("noise.fits");
            let whole = fs::read(&path).expect("it is there");
            fs::write(path, &whole[..bytes]).expect("a temporary folder");
        }
    };
    spoilt(cut(4000), &["noise.fits", "truncated", "4000"]);
    spoilt(cut(100), &["noise.fits", "truncated"]);
    spoilt(cut(0), &["noise.fits"]);
    spoilt(|root| fs::write(root.join("psf.fits"), "GIF89a").expect("a temporary folder"), &["psf.fits", "neither"]);
}

#[test]
fn images_that_do_not_fit_together() {
    let crop = |image: &mut arclet::lens::fits::Image| {
        image.pixels.truncate(30 * 28);
        image.height = 28;
    };
    spoilt(|root| change_image(&root.join("noise.fits"), crop), &["noise", "30 x 28", "30 x 30"]);
    let even = |psf: &mut arclet::lens::fits::Image| {
        psf.pixels.truncate(psf.width * (psf.height - 1));
        psf.height -= 1;
    };
    spoilt(|root| change_image(&root.join("psf.fits"), even), &["psf.fits", "odd"]);
    let dark = |psf: &mut arclet::lens::fits::Image| psf.pixels.fill(0.0);
    spoilt(|root| change_image(&root.join("psf.fits"), dark), &["psf.fits", "sums to 0"]);
}

#[test]
fn noise_that_is_not_positive_and_images_with_no_pixel_left() {
    for (value, said) in [(0.0, "is 0"), (-0.5, "is -0.5")] {
        let spoil = move |root: &Path| change_image(&root.join("noise.fits"), |n| n.pixels[3 * 30 + 4] = value);
        spoilt(spoil, &["noise.fits", "x 4, y 3", said, "positive"]);
    }
    let empty = |root: &Path| change_image(&root.join("noise.fits"), |n| n.pixels.fill(1e8));
    spoilt(empty, &["no pixel is left", "900"]);
    spoilt_text("\"pixel_scale\"", "\"background_rms\": 0.1, \"pixel_scale\"", &["noise", "background_rms"]);
}

#[test]
fn json_that_is_broken_is_told_with_file_line_and_column() {
    spoilt(
        |root| fs::write(root.join("system.json"), "{\n  \"data\": {,\n}").expect("a temporary folder"),
        &["system.json", "line 2 column 12"],
    );
    spoilt(|root| fs::write(root.join("system.json"), "[]").expect("a temporary folder"), &["system.json", "object"]);
    spoilt_prior("{\n\"a\" 1}", &["p.json", "2:5"]);
}

#[test]
fn names_that_nothing_has_are_answered_with_the_nearest() {
    spoilt_text("\"pixel_scale\"", "\"pixelscale\"", &["pixelscale", "did you mean `pixel_scale`?"]);
    spoilt_text("\"source\": [", "\"sources\": [", &["sources", "did you mean `source`?"]);
    spoilt_text("\"profile\": \"sie\"", "\"profil\": \"sie\"", &["profil", "did you mean `profile`?"]);
    spoilt_text("\"sersic\"", "\"sercic\"", &["source", "sercic", "did you mean `sersic`?"]);
    let parameter = "\"sie\", \"parameters\": { \"theta_e\": { \"value\": 1 } }";
    spoilt_text("\"sie\"", parameter, &["lens", "theta_e", "did you mean `theta_E`?"]);
    spoilt_prior(r#"{ "lens.thetaE": { "normal": { "loc": 1, "scale": 1 } } }"#, &["did you mean `lens.theta_E`?"]);
    spoilt_prior(r#"{ "lens.e1": { "norml": { "loc": 1, "scale": 1 } } }"#, &["lens.e1", "did you mean `normal`?"]);
    let sale = r#"{ "lens.e1": { "normal": { "loc": 1, "sale": 1 } } }"#;
    spoilt_prior(sale, &["lens.e1", "did you mean `scale`?"]);
}

#[test]
fn a_parameter_with_a_value_has_no_prior() {
    let both = r#""light": [ { "name": "sky", "profile": "uniform", "parameters": { "amp": { "value": 0.1 } } } ],
        "priors": { "sky.amp": { "normal": { "loc": 0, "scale": 1 } } }, "source": ["#;
    spoilt_text("\"source\": [", both, &["sky.amp", "`value` and a prior", "\"free\": true"]);
}

#[test]
fn values_outside_their_support_and_priors_without_sense() {
    let with = |value: &str| format!("\"sie\", \"parameters\": {{ \"theta_E\": {{ \"value\": {value} }} }}");
    spoilt_text("\"sie\"", &with("-1"), &["theta_E", "-1", "support"]);
    spoilt_text("\"sie\"", &with("\"1\""), &["theta_E", "number"]);
    spoilt_text("\"pixel_scale\": 0.12", "\"pixel_scale\": -0.12", &["pixel_scale", "-0.12", "positive"]);
    spoilt_text("\"pixel_scale\"", "\"supersampling\": 99, \"pixel_scale\"", &["supersampling", "99"]);
    spoilt_text("\"pixel_scale\"", "\"psf_supersampling\": 0, \"pixel_scale\"", &["psf_supersampling", "0"]);
    spoilt_text(
        "\"pixel_scale\"",
        "\"supersampling\": 3, \"psf_supersampling\": 2, \"pixel_scale\"",
        &["multiple", "psf_supersampling"],
    );
    spoilt_prior(r#"{ "lens.e1": { "normal": { "loc": 0, "scale": -1 } } }"#, &["lens.e1", "scale", "-1"]);
    spoilt_prior(r#"{ "lens.e1": { "uniform": { "low": 1, "high": 0 } } }"#, &["lens.e1", "empty"]);
    spoilt_prior(r#"{ "lens.e1": { "poisson": { "rate": 3 } } }"#, &["lens.e1"]);
}

#[test]
fn folders_that_are_there_already() {
    let folder = mock();
    fs::create_dir(folder.path().join("out")).expect("a temporary folder");
    refused(folder.path(), &["fit", "system.json", "--out", "out"], &["out exists", "--force"]);
    refused(folder.path(), &["demo", "--out", "out"], &["out exists", "--force"]);
    fs::write(folder.path().join("mock.json"), program::SYSTEM).expect("a temporary folder");
    refused(folder.path(), &["simulate", "mock.json", "--out", "out"], &["out exists", "--force"]);
    fs::write(folder.path().join("file"), "").expect("a temporary folder");
    refused(folder.path(), &["fit", "system.json", "--out", "file/out"], &["file/out"]);
}

#[test]
fn systems_that_lack_what_a_command_needs() {
    let folder = empty();
    let root = folder.path();
    refused(root, &["fit", "none.json", "--out", "out"], &["none.json does not exist"]);
    let lens = r#"{ "lens": [ { "name": "lens", "profile": "sis" } ] }"#;
    fs::write(root.join("lens.json"), lens).expect("a temporary folder");
    refused(root, &["fit", "lens.json", "--out", "out"], &["lens.json has no data"]);
    refused(root, &["priors", "lens.json"], &["lens.json has no data"]);
    refused(root, &["simulate", "lens.json", "--out", "a/b"], &["data"]);
    let dark = lens.replace(
        "{ \"lens\"",
        "{ \"data\": { \"size\": [9, 9], \"pixel_scale\": 0.1, \"background_rms\": 1 }, \"lens\"",
    );
    fs::write(root.join("dark.json"), dark).expect("a temporary folder");
    refused(root, &["simulate", "dark.json", "--out", "a/b"], &["`source`", "no image"]);
    fs::write(root.join("points.csv"), "x,y\n1,2\n").expect("a temporary folder");
    refused(root, &["trace", "lens.json", "--points", "points.csv"], &["lens.theta_E", "value"]);
    let light = r#"{ "light": [ { "name": "a", "profile": "sersic" } ] }"#;
    fs::write(root.join("light.json"), light).expect("a temporary folder");
    refused(root, &["trace", "light.json", "--points", "points.csv"], &["light.json has no `lens`"]);
    fs::write(root.join("twice.json"), lens.replace(" ]", ", { \"name\": \"lens\", \"profile\": \"sie\" } ]"))
        .expect("a temporary folder");
    refused(root, &["trace", "twice.json", "--points", "points.csv"], &["`lens` is there twice"]);
    fs::write(root.join("none.json"), "{}").expect("a temporary folder");
    refused(root, &["trace", "none.json", "--points", "points.csv"], &["none.json", "component"]);
}

#[test]
fn points_that_are_no_numbers_are_told_with_line_and_column() {
    let folder = empty();
    let root = folder.path();
    let lens = r#"{ "lens": [ { "name": "lens", "profile": "sis", "parameters": {
        "theta_E": { "value": 1 }, "center_x": { "value": 0 }, "center_y": { "value": 0 } } } ] }"#;
    fs::write(root.join("lens.json"), lens).expect("a temporary folder");
    for (points, parts) in [
        ("x,y\n1,2\n3,four\n", &["points.csv", "line 3", "column 2", "four"][..]),
        ("x,y,z\n1,2,3\n", &["points.csv", "line 1", "`z`"]),
        ("ra,dec\n1,2\n", &["points.csv", "`ra`", "x,y"]),
        ("x,y\n1\n", &["points.csv", "line 2"]),
        ("", &["points.csv is empty"]),
    ] {
        fs::write(root.join("points.csv"), points).expect("a temporary folder");
        refused(root, &["trace", "lens.json", "--points", "points.csv"], parts);
    }
    refused(root, &["trace", "lens.json", "--points", "none.csv"], &["none.csv", "check the path"]);
}

#[test]
fn arguments_that_are_wrong_are_one_line_too() {
    let folder = mock();
    let root = folder.path();
    refused(root, &["fti", "system.json"], &["fti", "did you mean `fit`?"]);
    refused(root, &["fit", "system.json"], &["--out"]);
    refused(root, &["fit", "system.json", "--out", "out", "--chians", "2"], &["--chians", "--chains"]);
    refused(root, &["fit", "system.json", "--out", "out", "--chains", "0"], &["--chains", "0"]);
    refused(root, &["fit", "system.json", "--out", "out", "--draws", "many"], &["--draws", "many"]);
    refused(root, &["fit", "system.json", "--out", "out", "--method", "mcmc"], &["mcmc", "nuts", "map"]);
    refused(root, &["bench", "sersci"], &["sersci", "sersic"]);
    refused(root, &["bench", "sersic", "--weights", "w.safetensors"], &["--weights", "bench paper"]);
}

#[test]
fn priors_that_cannot_hold_are_told_by_their_site() {
    let folder = mock();
    let root = folder.path();
    let refused_prior = |priors: &str, parts: &[&str]| {
        fs::write(root.join("p.json"), priors).expect("a temporary folder");
        refused(root, &["fit", "system.json", "--out", "out", "--method", "map", "--priors", "p.json"], parts);
    };
    let outside = r#"{ "lens.theta_E": { "uniform": { "low": -2, "high": -1 } } }"#;
    refused_prior(outside, &["`lens.theta_E`", "-2 and -1", "between 0 and inf"]);
    let flat = r#"{ "lens.e1": { "normal": { "loc": 0.9, "scale": 0.001 } }, "lens.e2": { "normal": { "loc": 0.9, "scale": 0.001 } } }"#;
    refused_prior(flat, &["`lens.e1`", "not finite"]);
    refused_prior(r#"{ "source.amp": { "log_normal": { "loc": 700, "scale": 1 } } }"#, &["`source.amp`", "not finite"]);
    refused_prior(r#"{ "source.R_sersic": { "normal": { "loc": -5, "scale": 0.1 } } }"#, &["`source.R_sersic`"]);
    let faraway = r#"{ "lens.center_x": { "normal": { "loc": 1e300, "scale": 1e-300 } } }"#;
    refused_prior(faraway, &["`lens.center_x`", "narrower than numbers"]);
    let round = "\"sie\", \"parameters\": { \"e1\": { \"value\": 0.8 }, \"e2\": { \"value\": 0.7 } }";
    spoilt_text("\"sie\"", round, &["lens", "|e1 + i e2|", "0 to 1"]);
}

#[test]
fn data_of_the_wrong_type_are_told_by_their_key() {
    let with = |entry: &str| format!("{entry}, \"pixel_scale\"");
    spoilt_text("\"pixel_scale\": 0.12", "\"pixel_scale\": \"0.12\"", &["`data`: `pixel_scale`", "a number"]);
    for (entry, parts) in [
        ("\"mask\": 3", ["`mask`", "a path in quotes"]),
        ("\"size\": [30]", ["`size`", "width and height"]),
        ("\"mask_center\": [1, \"x\"]", ["`mask_center`", "x and y in arcsec"]),
        ("\"noise_patch\": [0, 0, 50]", ["`noise_patch`", "x, y, width and height in pixels"]),
        ("\"supersampling\": 1.5", ["`supersampling`", "a whole number"]),
    ] {
        spoilt_text("\"pixel_scale\"", &with(entry), &parts);
    }
}

#[test]
fn what_a_terminal_would_obey_is_never_said() {
    spoilt_text("\"name\": \"lens\"", "\"name\": \"le\\u001b[31m\"", &["`name`", "control characters"]);
    spoilt_text("\"name\": \"lens\"", "\"na\\u001b[31mme\": \"lens\"", &["na\\u{1b}[31mme"]);
}
