//! The commands as a user calls them: files, tables, exit codes, the same result for any number of threads.

mod program;

use std::fs;
use std::path::Path;

use arclet::lens::cosmology::Cosmology;
use arclet::lens::fits::{HeaderCard, HeaderValue, NamedImage, Select, read_hdu, read_image, write_images};
use arclet::lens::image_file::read_header;
use arclet::lens::mass::{MassSum, Sis};
use arclet::lens::plane::{Lens, Planes};
use arclet::lens::system::System;
use serde_json::Value as Json;

use program::{MANIFEST, arclet, change_image, empty, entries, good, mock};

fn json(path: &Path) -> Json {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).expect("arclet writes JSON")
}

#[test]
fn a_fit_blurs_by_what_its_mock_was_blurred_by() {
    for cells in [1, 3] {
        let folder = empty();
        let root = folder.path();
        let finer = program::SYSTEM.replace("\"psf_fwhm\"", &format!("\"psf_supersampling\": {cells}, \"psf_fwhm\""));
        fs::write(root.join("mock.json"), &finer).expect("a temporary folder");
        good(root, &["simulate", "mock.json", "--out", "mock"]);
        let system = |file: &str| System::from_file(root.join(file)).expect("a system");
        let mock = arclet::lens::system::simulate(&system("mock.json"), 0).expect("a mock").data.psf.clone();
        let fit = system("mock/system.json").data.expect("data").read(root.join("mock")).expect("data").psf;
        let (mock, fit) = (mock.expect("a PSF"), fit.expect("a PSF"));
        let off = mock.kernel().iter().zip(fit.kernel()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // Normalised once more, in f32.
        assert!(mock.width() == fit.width() && off < 1e-6, "{cells}: {off:e}");
    }
}

#[test]
fn simulate_then_fit_writes_every_file_and_finds_the_truth() {
    let folder = mock();
    let root = folder.path();
    let simulated = ["image.fits", "noise.fits", "psf.fits", "simulation.png", "system.json", "truth.json"];
    assert_eq!(entries(root), simulated);
    let table = good(root, &["fit", "system.json", "--out", "out", "--method", "map", "--draws", "200"]);
    assert!(table.contains("lens.theta_E") && table.contains("written to out"), "{table}");
    let out = root.join("out");
    let written = [
        MANIFEST,
        "best.json",
        "corner.png",
        "curves.json",
        "fit.png",
        "model.fits",
        "posterior.nc",
        "priors.json",
        "summary.json",
    ];
    assert_eq!(entries(&out), written);
    for name in ["corner.png", "fit.png"] {
        let picture = fs::read(out.join(name)).expect("listed above");
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 20_000, "{name} is {} bytes", picture.len());
    }
    assert!(fs::read(out.join("posterior.nc")).expect("listed above").starts_with(b"\x89HDF"));

    let summary = json(&out.join("summary.json"));
    let keys = "sites derived divergences gradients seconds chi2_per_pixel einstein_radius method seed version stopped warnings";
    for key in keys.split(' ') {
        assert!(summary.get(key).is_some(), "summary.json has no {key}");
    }
    assert_eq!(
        (&summary["method"], &summary["stopped"], &summary["draws"]),
        (&"map".into(), &false.into(), &200.into())
    );
    // Mean of chi^2 of 900 pixels less 12 parameters, 5 standard deviations wide.
    let chi2 = summary["chi2_per_pixel"].as_f64().unwrap_or(f64::NAN);
    assert!((chi2 - 888.0 / 900.0).abs() < 5.0 * (2.0_f64 / 900.0).sqrt(), "chi2 {chi2}");
    let truth = json(&root.join("truth.json"));
    let sites = summary["sites"].as_object().expect("a map of sites");
    assert_eq!(sites.len(), 12);
    for (site, numbers) in sites {
        for key in "mean sd mcse_mean q05 q16 q50 q84 q95 ess_bulk ess_tail r_hat".split(' ') {
            assert!(numbers[key].is_number(), "{site} has no {key}");
        }
        let number = |key: &str| numbers[key].as_f64().unwrap_or(f64::NAN);
        let off = (number("mean") - truth[site].as_f64().unwrap_or(f64::NAN)) / number("sd");
        // 12 draws from a normal distribution exceed 5 deviations once in 150 000 times.
        assert!(off.abs() < 5.0, "{site} is off by {off} deviations");
    }
}

#[test]
fn model_fits_holds_images_that_add_up() {
    let folder = mock();
    let root = folder.path();
    good(root, &["fit", "system.json", "--out", "out", "--method", "map", "--draws", "50"]);
    let hdu = |name| read_hdu(root.join("out/model.fits"), Select::Name(name)).expect(name);
    let (data, model, residual) = (hdu("DATA"), hdu("MODEL"), hdu("RESIDUAL"));
    assert_eq!(data.pixels, read_image(root.join("image.fits")).expect("simulated").pixels);
    let noise = read_image(root.join("noise.fits")).expect("simulated");
    for i in 0..900 {
        let z = (data.pixels[i] - model.pixels[i]) / noise.pixels[i];
        // Rounding of f32, in units of sigma.
        assert!((z - residual.pixels[i]).abs() < 1e-4, "pixel {i}: {z} and {}", residual.pixels[i]);
    }
    let (light, source) = (hdu("LENS_LIGHT"), hdu("SOURCE"));
    assert!(light.pixels.iter().all(|p| *p == 0.0));
    assert_eq!(source.pixels, model.pixels);
    let plane = hdu("SOURCE_PLANE");
    assert!(plane.width == plane.height && plane.pixels.iter().all(|p| *p >= 0.0));
}

#[test]
fn a_seed_gives_the_same_draws_for_any_number_of_threads() {
    let folder = mock();
    let root = folder.path();
    let run = |out: &str, seed: &str, threads: &str| {
        let short = ["--chains", "2", "--warmup", "30", "--draws", "30"];
        let fit = ["fit", "system.json", "--out", out, "--seed", seed, "--threads", threads];
        good(root, &[&fit[..], &short[..]].concat());
        fs::read(root.join(out).join("posterior.nc")).expect("just written")
    };
    let one = run("one", "3", "1");
    assert!(one == run("two", "3", "2"), "1 and 2 threads differ");
    assert!(one != run("other", "4", "1"), "two seeds give the same draws");
}

#[test]
fn trace_prints_what_the_library_computes_to_the_last_digit() {
    let folder = empty();
    let root = folder.path();
    let system = r#"{ "lens": [
        { "name": "lens", "profile": "epl", "parameters": { "theta_E": { "value": 1.3 }, "gamma": { "value": 2.1 },
          "e1": { "value": 0.1 }, "e2": { "value": -0.05 }, "center_x": { "value": 0.02 }, "center_y": { "value": 0.01 } } },
        { "name": "shear", "profile": "shear", "parameters": { "gamma1": { "value": 0.03 }, "gamma2": { "value": -0.04 } } } ] }"#;
    fs::write(root.join("lens.json"), system).expect("a temporary folder");
    fs::write(root.join("points.csv"), "y,x\n0.5,1.25\n-1.1,0.3\n").expect("a temporary folder");
    let rows = rows(&good(root, &["trace", "lens.json", "--points", "points.csv"]));
    let system = System::from_file(root.join("lens.json")).expect("the system above");
    let (mass, values) = system.mass().expect("all values are given");
    let lens = Lens::new(&mass, &values);
    assert_eq!(rows.len(), 2);
    for (row, (x, y)) in rows.iter().zip([(1.25, 0.5), (0.3, -1.1)]) {
        let ([bx, by], [ax, ay], [g1, g2]) = (lens.beta(x, y), lens.deflection(x, y), lens.shear(x, y));
        let expected = [x, y, bx, by, ax, ay, lens.potential(x, y), lens.kappa(x, y), g1, g2, lens.magnification(x, y)];
        assert_eq!(row[..], expected);
    }
}

#[test]
fn trace_goes_through_all_planes_to_the_last_source() {
    let folder = empty();
    let root = folder.path();
    let sis = |theta: f64| {
        format!(
            r#""parameters": {{ "theta_E": {{ "value": {theta} }}, "center_x": {{ "value": 0 }}, "center_y": {{ "value": 0.1 }} }}"#
        )
    };
    let system = format!(
        r#"{{ "cosmology": {{ "z_lens": 0.3, "z_source": 2.0 }}, "lens": [ {{ "name": "lens", "profile": "sis", {} }},
            {{ "name": "far", "profile": "sis", "redshift": 0.9, {} }} ] }}"#,
        sis(1.2),
        sis(0.3)
    );
    fs::write(root.join("lens.json"), system).expect("a temporary folder");
    fs::write(root.join("points.csv"), "x,y\n2,0\n-0.4,1.5\n").expect("a temporary folder");
    let mass = || MassSum::new([&Sis as _]);
    let layers = vec![(0.3, mass(), vec![1.2, 0.0, 0.1]), (0.9, mass(), vec![0.3, 0.0, 0.1])];
    let planes = Planes::new(Cosmology::flat(70.0, 0.3), 2.0, layers);
    for row in rows(&good(root, &["trace", "lens.json", "--points", "points.csv"])) {
        let ray = planes.at(row[0], row[1], 2.0);
        let ([bx, by], [g1, g2]) = (ray.position, ray.shear());
        assert_eq!(row[2..6], [bx, by, row[0] - bx, row[1] - by]);
        assert_eq!(row[7..], [ray.kappa(), g1, g2, ray.magnification()]);
        assert!(row[6].is_nan());
    }
}

#[test]
fn trace_of_an_isothermal_sphere_is_the_closed_form() {
    let folder = empty();
    let root = folder.path();
    let system = r#"{ "lens": [ { "name": "lens", "profile": "sis", "parameters": {
        "theta_E": { "value": 1.2 }, "center_x": { "value": 0 }, "center_y": { "value": 0 } } } ] }"#;
    fs::write(root.join("lens.json"), system).expect("a temporary folder");
    fs::write(root.join("points.csv"), "x,y\n2,0\n0,-3\n1.5,2\n").expect("a temporary folder");
    for row in rows(&good(root, &["trace", "lens.json", "--points", "points.csv"])) {
        let (x, y) = (row[0], row[1]);
        let r = x.hypot(y);
        let (alpha, kappa) = ([1.2 * x / r, 1.2 * y / r], 0.6 / r);
        let (cos2, sin2) = ((x * x - y * y) / (r * r), 2.0 * x * y / (r * r));
        let closed =
            [x, y, x - alpha[0], y - alpha[1], alpha[0], alpha[1], 1.2 * r, kappa, -kappa * cos2, -kappa * sin2];
        for (got, expected) in row.iter().zip(closed.into_iter().chain([1.0 / (1.0 - 1.2 / r)])) {
            // A few roundings of numbers of order one.
            assert!((got - expected).abs() < 1e-14, "{row:?}: {got} is not {expected}");
        }
    }
}

fn rows(csv: &str) -> Vec<Vec<f64>> {
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("x,y,beta_x,beta_y,alpha_x,alpha_y,psi,kappa,gamma1,gamma2,magnification"));
    lines.map(|line| line.split(',').map(|v| v.parse().expect("a number")).collect()).collect()
}

#[test]
fn printed_priors_are_taken_back_and_changes_to_them_are_in_force() {
    let folder = mock();
    let root = folder.path();
    let printed = good(root, &["priors", "system.json"]);
    fs::write(root.join("same.json"), &printed).expect("a temporary folder");
    assert_eq!(good(root, &["priors", "system.json", "--priors", "same.json"]), printed);
    let mut priors: Json = serde_json::from_str(&printed).expect("arclet prints JSON");
    assert_eq!(priors.as_object().map(|p| p.len()), Some(12));
    // A prior that the data cannot move: one part in a million around a value that is 10 % off.
    priors["source.n_sersic"] = serde_json::json!({ "normal": { "loc": 1.1, "scale": 1e-6 } });
    fs::write(root.join("mine.json"), priors.to_string()).expect("a temporary folder");
    good(root, &["fit", "system.json", "--out", "out", "--method", "map", "--draws", "50", "--priors", "mine.json"]);
    let n = json(&root.join("out/summary.json"))["sites"]["source.n_sersic"]["mean"].as_f64().unwrap_or(f64::NAN);
    assert!((n - 1.1).abs() < 1e-5, "n_sersic is {n}");
    assert_eq!(json(&root.join("out/priors.json")), priors);
}

#[test]
fn the_place_of_an_image_on_the_sky_is_that_of_its_model() {
    let folder = mock();
    let root = folder.path();
    let image = read_image(root.join("image.fits")).expect("an image of ours");
    let text = |keyword, value: &str| HeaderCard { keyword, value: HeaderValue::Text(value.to_owned()), comment: "" };
    let real = |keyword, value| HeaderCard { keyword, value: HeaderValue::Real(value), comment: "" };
    let (step, middle) = (0.12 / 3600.0, 15.5);
    let cards = vec![
        text("CTYPE1", "RA---TAN"),
        text("CTYPE2", "DEC--TAN"),
        real("CRVAL1", 150.1),
        real("CRVAL2", 2.2),
        real("CRPIX1", middle),
        real("CRPIX2", middle),
        real("CD1_1", -step),
        real("CD2_2", step),
        text("OBJECT", "a lens"),
    ];
    let count = cards.len();
    let named = NamedImage { name: "SCI", image: &image, cards };
    write_images(root.join("image.fits"), &[named]).expect("a temporary folder");
    good(root, &["fit", "system.json", "--out", "out", "--method", "map", "--draws", "20"]);
    let places = read_header(root.join("image.fits")).expect("written above").expect("a FITS file").places();
    assert_eq!(places.len(), count);
    let header = |hdu: &str| read_header(root.join(format!("out/model.fits[{hdu}]"))).expect("written by arclet");
    for hdu in ["DATA", "MODEL", "RESIDUAL"] {
        assert_eq!(header(hdu).expect("a FITS file").places(), places, "{hdu}");
    }
    // The source lies in another plane.
    assert_eq!(header("SOURCE_PLANE").expect("a FITS file").pixel_scale(), None);
}

#[test]
fn nan_pixels_and_an_unnormalised_psf_are_said_and_fitted_all_the_same() {
    let folder = mock();
    let root = folder.path();
    change_image(&root.join("image.fits"), |image| image.pixels[..7].fill(f32::NAN));
    change_image(&root.join("psf.fits"), |psf| psf.pixels.iter_mut().for_each(|p| *p *= 2.0));
    let output = arclet(root, &["fit", "system.json", "--out", "out", "--method", "map", "--draws", "50"]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().count(), 2, "{said}");
    let summary = json(&root.join("out/summary.json"));
    let kept = summary["warnings"].to_string();
    for part in ["7 pixels of image.fits are not finite", "the PSF sums to 2"] {
        assert!(said.contains(part) && kept.contains(part), "{said} {kept}");
    }
    assert_eq!(summary["data"]["mask"]["used"], 893);
}

#[test]
fn force_replaces_what_arclet_wrote_at_the_end_and_never_what_a_stranger_did() {
    let folder = mock();
    let root = folder.path();
    let fit = |system, out| arclet(root, &["fit", system, "--out", out, "--method", "map", "--draws", "50", "--force"]);
    assert_eq!(fit("system.json", "out").status.code(), Some(0));
    fs::write(root.join("out/notes.txt"), "mine").expect("a temporary folder");
    let before = fs::read(root.join("out/summary.json")).expect("just written");
    fs::write(root.join("broken.json"), "{").expect("a temporary folder");
    assert_eq!(fit("broken.json", "out").status.code(), Some(2));
    assert_eq!(
        fs::read(root.join("out/summary.json")).expect("still there"),
        before,
        "a fit that fails replaces nothing"
    );
    assert_eq!(fit("system.json", "out").status.code(), Some(0));
    assert_ne!(fs::read(root.join("out/summary.json")).expect("written again"), before);
    assert!(root.join("out/notes.txt").exists(), "a file of a stranger stays");
    assert_eq!(entries(&root.join("out")).len(), 10, "{:?}", entries(&root.join("out")));
    // A folder of a stranger, with a file of a name that a fit writes.
    fs::create_dir(root.join("theirs")).expect("a temporary folder");
    fs::write(root.join("theirs/fit.png"), "theirs").expect("a temporary folder");
    assert_eq!(fit("system.json", "theirs").status.code(), Some(2));
    assert_eq!(entries(&root.join("theirs")), ["fit.png"]);
    assert_eq!(fit("system.json", ".").status.code(), Some(2));
    assert!(root.join("system.json").exists());
}

#[test]
fn the_best_fit_is_a_system_that_is_traced_simulated_and_fitted_from() {
    let folder = mock();
    let root = folder.path();
    good(root, &["fit", "system.json", "--out", "out", "--method", "map", "--draws", "200"]);
    let (best, summary) = (json(&root.join("out/best.json")), json(&root.join("out/summary.json")));
    let parameters =
        |json: &Json, role: &str| json[role][0]["parameters"].as_object().cloned().expect("all have values");
    assert_eq!((parameters(&best, "lens").len(), parameters(&best, "source").len()), (5, 7));
    assert_eq!(best["lens"][0]["parameters"]["theta_E"]["free"], true);
    // The covariance is that of the draws: a variance is the square of the standard deviation of the summary.
    let names: Vec<&str> =
        best["covariance"]["names"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let row = names.iter().position(|name| *name == "lens.theta_E").expect("a free parameter");
    let variance = best["covariance"]["matrix"][row][row].as_f64().unwrap_or(f64::NAN);
    let sd = summary["sites"]["lens.theta_E"]["sd"].as_f64().unwrap_or(f64::NAN);
    assert!((variance.sqrt() / sd - 1.0).abs() < 1e-9, "{variance} {sd}");

    fs::write(root.join("points.csv"), "x,y\n1,0.5\n").expect("a temporary folder");
    assert_eq!(rows(&good(root, &["trace", "out/best.json", "--points", "points.csv"])).len(), 1);
    good(root, &["simulate", "out/best.json", "--out", "again", "--seed", "9"]);
    let truth = json(&root.join("again/truth.json"));
    assert_eq!(truth["lens.theta_E"], best["lens"][0]["parameters"]["theta_E"]["value"]);
    // From the maximum there is no search, and the maximum is found again.
    good(root, &["fit", "out/best.json", "--out", "on", "--method", "map", "--draws", "50"]);
    let on = json(&root.join("on/summary.json"));
    assert!(on["seconds"].get("search").is_none() && on["seconds"].get("maximum").is_some());
    let theta = |json: &Json| json["lens"][0]["parameters"]["theta_E"]["value"].as_f64().unwrap_or(f64::NAN);
    // Two runs of an optimizer in single precision end within a tenth of the posterior's width of each other.
    assert!((theta(&json(&root.join("on/best.json"))) - theta(&best)).abs() < 0.1 * sd);
}

#[test]
fn derived_quantities_are_those_of_the_truth_within_their_errors() {
    let folder = mock();
    let root = folder.path();
    good(root, &["fit", "system.json", "--out", "out", "--method", "map", "--draws", "200"]);
    let derived = json(&root.join("out/summary.json"))["derived"].clone();
    let e = 0.1_f64.hypot(0.06);
    let truths = [
        ("lens.q", (1.0 - e) / (1.0 + e)),
        ("lens.phi", 0.5 * (-0.06_f64).atan2(0.1)),
        ("source.q", (1.0 - 0.12_f64.hypot(0.15)) / (1.0 + 0.12_f64.hypot(0.15))),
    ];
    for (name, truth) in truths {
        let number = |key: &str| derived[name][key].as_f64().unwrap_or(f64::NAN);
        // Of three normal numbers one exceeds 5 deviations once in half a million times.
        assert!(((number("mean") - truth) / number("sd")).abs() < 5.0, "{name}: {} of {truth}", derived[name]);
    }
    // A mean over a circle is not over an ellipse: a per cent at this ellipticity (e^2), and no more.
    let radius = derived["einstein_radius"]["q50"].as_f64().unwrap_or(f64::NAN);
    assert!((radius / 1.1 - 1.0).abs() < 0.02, "{radius}");
    assert_eq!(derived["lens.einstein_radius"], derived["einstein_radius"]);
    assert!(derived["magnification"]["q50"].as_f64().is_some_and(|m| m > 2.0 && m < 30.0), "{derived}");

    let curves = json(&root.join("out/curves.json"));
    for (key, least) in [("critical_curves", 60), ("caustics", 60), ("cuts", 200)] {
        let all = curves[key].as_array().expect("a list of curves");
        assert_eq!(all.len(), 1, "an isothermal lens has one of {key}");
        let points = all[0].as_array().map_or(0, Vec::len);
        assert!(points >= least, "{key} has {points} points");
    }
}

#[test]
fn a_log_has_every_stage_and_quiet_leaves_nothing_on_stdout() {
    let folder = mock();
    let root = folder.path();
    let fit = ["fit", "system.json", "--out", "out", "--method", "map", "--draws", "50", "--quiet", "--log", "fit.log"];
    assert_eq!(good(root, &fit), "");
    let log = fs::read_to_string(root.join("fit.log")).expect("a log was asked for");
    for part in ["arclet ", "search: ", "maximum: ", "curvature: ", "chi2 per pixel", "written to out"] {
        assert!(log.contains(part), "no `{part}` in\n{log}");
    }
    assert!(log.lines().all(|line| line.get(..2) == Some("20") && line.get(19..21) == Some("Z ")), "{log}");
}

#[test]
fn a_quiet_fit_still_says_its_warnings() {
    let folder = mock();
    let fit = ["fit", "system.json", "--out", "out", "--warmup", "20", "--draws", "8", "--quiet"];
    let output = arclet(folder.path(), &fit);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.lines().any(|line| line.starts_with("warning: ") && line.contains("ask for more draws")), "{said}");
}

#[test]
fn help_and_version_are_on_stdout_and_every_command_has_an_example() {
    let folder = empty();
    assert!(good(folder.path(), &["--version"]).starts_with("arclet "));
    assert!(good(folder.path(), &["--help"]).contains("arclet demo"));
    for command in ["demo", "simulate", "fit", "galaxies", "trace", "priors", "bench"] {
        let help = good(folder.path(), &[command, "--help"]);
        assert!(help.contains("Example") && help.contains(&format!("arclet {command}")), "{help}");
    }
}

#[test]
fn the_bench_prints_one_line_of_json() {
    let folder = empty();
    let line = good(folder.path(), &["bench", "--json", "--threads", "1", "--lanes", "2"]);
    let bench: Json = serde_json::from_str(&line).expect("JSON was asked for");
    assert_eq!((&bench["name"], &bench["lanes"], &bench["threads"]), (&"sersic".into(), &2.into(), &1.into()));
    assert!(bench["ms_per_gradient"].as_f64().is_some_and(|ms| ms > 0.0) && line.lines().count() == 1);
}

/// The signal that Ctrl-C sends.
#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_draws_made_so_far() {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    let folder = mock();
    let root = folder.path();
    // Waits longer if the fit had not come to its first draw.
    for seconds in [2, 8, 30] {
        let endless = ["fit", "system.json", "--out", "out", "--chains", "2", "--warmup", "5", "--draws", "300000"];
        let mut fit = Command::new(env!("CARGO_BIN_EXE_arclet"));
        let fit = fit.args(endless).current_dir(root).stdout(Stdio::null()).stderr(Stdio::null());
        let mut fit = fit.spawn().expect("the program was built for this test");
        std::thread::sleep(Duration::from_secs(seconds));
        let sent = Command::new("kill").args(["-INT", &fit.id().to_string()]).status();
        assert!(sent.is_ok_and(|s| s.success()));
        let code = fit.wait().expect("it was started").code();
        if code == Some(130) {
            // During the search its journal is kept, and nothing else.
            assert_eq!(entries(&root.join("out")), [MANIFEST, "unfinished"]);
            fs::remove_dir_all(root.join("out")).expect("a temporary folder");
            continue;
        }
        assert_eq!(code, Some(0));
        let summary = json(&root.join("out/summary.json"));
        assert_eq!(summary["stopped"], true);
        assert!(summary["draws"].as_u64().is_some_and(|n| (1..300_000).contains(&n)));
        assert!(summary["warnings"].to_string().contains("the fit was stopped"));
        assert!(entries(&root.join("out")).iter().any(|name| name == "unfinished"), "it can be resumed");
        return;
    }
    panic!("no draw was made in half a minute");
}
