//! `arclet galaxies` as a user calls it: the set, its picture, its report, and every way to be refused.

mod program;

use std::fs;
use std::path::Path;

use arclet::source::data::simulate::Population;
use arclet::source::data::{Dataset, Source, Split, proportions};
use tempfile::TempDir;

use program::{MANIFEST, arclet, empty, entries, good, refused};

const SET: &str = "galaxies.safetensors";

/// A folder with a copy of the catalogue of eight galaxies, of which the paper's cuts keep 801, 802 and 807.
fn catalog() -> TempDir {
    let folder = empty();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("vae-source/tests/data/tiny_catalog");
    for name in entries(&fixture) {
        fs::copy(fixture.join(&name), folder.path().join(&name)).expect("a temporary folder can be written");
    }
    folder
}

fn read(root: &Path, out: &str) -> Dataset {
    Dataset::read(root.join(out).join(SET)).expect("just written")
}

fn idents(dataset: &Dataset) -> Vec<i64> {
    dataset.galaxies.iter().map(|galaxy| galaxy.ident).collect()
}

/// The count that a row of the report ends with.
#[track_caller]
fn count(report: &str, row: &str) -> usize {
    let line = report.lines().find(|line| line.trim_start().starts_with(row));
    let number = line.and_then(|line| line.split_whitespace().last());
    number.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("no count of `{row}` in:\n{report}"))
}

/// Replaces bytes of a file by as many others, wherever they stand.
fn change_bytes(path: &Path, from: &[u8], to: &[u8]) {
    let mut bytes = fs::read(path).expect("a file of ours");
    let places: Vec<usize> = (0..=bytes.len() - from.len()).filter(|k| bytes[*k..].starts_with(from)).collect();
    assert!(!places.is_empty() && from.len() == to.len());
    places.iter().for_each(|k| bytes[*k..][..to.len()].copy_from_slice(to));
    fs::write(path, bytes).expect("a temporary folder can be written");
}

#[test]
fn simulated_galaxies_are_written_with_their_picture_and_read_back() {
    let folder = empty();
    let root = folder.path();
    let output = arclet(root, &["galaxies", "--simulate", "40", "--seed", "3", "--out", "a/set"]);
    let (report, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.status.code(), said.as_ref()), (Some(0), ""), "silent where stderr is no terminal");
    assert_eq!(entries(&root.join("a")), ["set"]);
    assert_eq!(entries(&root.join("a/set")), [MANIFEST, "galaxies.png", SET]);
    let picture = fs::read(root.join("a/set/galaxies.png")).expect("listed above");
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 50_000, "{} bytes", picture.len());

    let dataset = read(root, "a/set");
    assert_eq!(dataset.counts(), proportions(40));
    let counts = ["for training", "for test", "for validation"].map(|row| count(&report, row));
    assert_eq!(counts, dataset.counts());
    let dropped: usize = report.lines().filter(|l| l.contains("dropped, ")).map(|l| count(l, "dropped")).sum();
    assert_eq!((count(&report, "kept"), count(&report, "simulated")), (40, 40 + dropped));
    assert!(report.contains("a/set/galaxies.safetensors") && report.contains("Dataset::read"), "{report}");

    let provenance = &dataset.provenance;
    assert_eq!(provenance.source, Source::Simulated { psf: None, population: Box::default() });
    assert_eq!((provenance.seed, provenance.side, provenance.signal), (3, 64, [15.0, 50.0]));
    assert_eq!((provenance.seen, provenance.dropped.values().sum()), (40 + dropped, dropped));
    assert!(!provenance.denoised && provenance.version == env!("CARGO_PKG_VERSION"));
    for galaxy in &dataset.galaxies {
        assert_eq!(galaxy.pixels.iter().copied().fold(f32::MIN, f32::max), 1.0);
        // The signal of the cut is that of the image downsampled by 4; the maximum of a pixel is of the same order.
        assert!((8.0..1000.0).contains(&(1.0 / galaxy.sigma_noise)), "{}", galaxy.sigma_noise);
    }
}

#[test]
fn a_seed_gives_the_same_bytes_for_any_number_of_threads() {
    let folder = empty();
    let root = folder.path();
    let run = |out: &str, seed: &str, threads: &str| {
        good(root, &["galaxies", "--simulate", "12", "--seed", seed, "--threads", threads, "--denoise", "--out", out]);
        [SET, "galaxies.png"].map(|name| fs::read(root.join(out).join(name)).expect("just written"))
    };
    let one = run("one", "7", "1");
    assert!(one == run("two", "7", "2"), "1 and 2 threads differ");
    let other = run("other", "8", "2");
    assert!(one[0] != other[0] && one[1] != other[1], "two seeds give the same galaxies");
}

#[test]
fn a_catalogue_is_cut_and_counted_as_its_galaxies_are_made() {
    let folder = catalog();
    let root = folder.path();
    let report = good(root, &["galaxies", "--catalog", "catalog.fits", "--out", "set"]);
    let dropped = [
        "with a failed Sersic fit",
        "with an unphysical Sersic fit",
        "with a stamp too small",
        "too faint",
        "too bright",
    ];
    for reason in dropped {
        assert_eq!(count(&report, &format!("dropped, {reason}")), 1, "{report}");
    }
    assert_eq!((count(&report, "in the catalogue"), count(&report, "kept")), (8, 3));
    let dataset = read(root, "set");
    assert_eq!(idents(&dataset), [801, 802, 807]);
    assert_eq!(dataset.provenance.source, Source::Catalogs(vec!["catalog.fits".to_owned()]));
    assert_eq!((dataset.provenance.seen, dataset.provenance.dropped.len()), (8, 5));
    // 802 was 72 pixels of 0.03 arcsec wide after its crop to a square; 64 pixels cover the same sky.
    let scales: Vec<f64> = dataset.galaxies.iter().map(|galaxy| galaxy.pixel_scale).collect();
    assert!((scales[0] - 0.03).abs() < 1e-12 && (scales[1] - 0.03 * 72.0 / 64.0).abs() < 1e-12, "{scales:?}");
}

#[test]
fn cuts_and_sizes_of_ones_own_keep_other_galaxies() {
    let folder = catalog();
    let root = folder.path();
    let kept = |out: &str, options: &[&str]| {
        good(root, &[&["galaxies", "--catalog", "catalog.fits", "--out", out], options].concat());
        let dataset = read(root, out);
        assert_eq!(dataset.provenance.side, dataset.galaxies[0].side);
        (idents(&dataset), dataset.galaxies[0].side)
    };
    assert_eq!(kept("faint", &["--signal", "1:50"]), (vec![801, 802, 806, 807], 64));
    assert_eq!(kept("bright", &["--signal", "100:1e4"]), (vec![808], 64));
    assert_eq!(kept("small", &["--min-side", "48", "--side", "48"]).1, 48);
    assert!(kept("small", &["--min-side", "48", "--side", "48", "--force"]).0.contains(&805));
}

#[test]
fn several_catalogues_are_put_together_in_their_order() {
    let (folder, other) = (catalog(), catalog());
    let root = folder.path();
    let other = other.path().join("catalog.fits");
    let other = other.to_str().expect("a temporary folder");
    good(root, &["galaxies", "--catalog", "catalog.fits", "--catalog", other, "--out", "set"]);
    let dataset = read(root, "set");
    assert_eq!(idents(&dataset), [801, 802, 807, 801, 802, 807]);
    assert_eq!(dataset.provenance.source, Source::Catalogs(vec!["catalog.fits".to_owned(); 2]));
    refused(
        root,
        &["galaxies", "--catalog", "catalog.fits", "--catalog", "./catalog.fits", "--out", "b"],
        &["given twice"],
    );
}

#[test]
fn denoising_takes_noise_out_and_leaves_unit_split_and_sigma() {
    let folder = catalog();
    let root = folder.path();
    good(root, &["galaxies", "--catalog", "catalog.fits", "--out", "noisy"]);
    good(root, &["galaxies", "--catalog", "catalog.fits", "--out", "clean", "--denoise"]);
    let (noisy, clean) = (read(root, "noisy"), read(root, "clean"));
    assert!(clean.provenance.denoised && clean.splits == noisy.splits && idents(&clean) == idents(&noisy));
    for (noisy, clean) in noisy.galaxies.iter().zip(&clean.galaxies) {
        assert_eq!((noisy.sigma_noise, noisy.pixel_scale), (clean.sigma_noise, clean.pixel_scale));
        // The bottom rows hold noise alone.
        let rms = |pixels: &[f32]| (pixels.iter().map(|v| f64::from(v * v)).sum::<f64>() / pixels.len() as f64).sqrt();
        let (before, after) = (rms(&noisy.pixels[..256]), rms(&clean.pixels[..256]));
        assert!(after < 0.5 * before, "{}: {before} to {after}", noisy.ident);
        let sum = |pixels: &[f32]| pixels.iter().map(|v| f64::from(*v)).sum::<f64>();
        assert!((sum(&clean.pixels) / sum(&noisy.pixels) - 1.0).abs() < 0.02, "the light stays");
    }
}

#[test]
fn a_psf_of_ones_own_blurs_the_simulated_galaxies() {
    let folder = catalog();
    let root = folder.path();
    let run = |out: &str, options: &[&str]| {
        good(root, &[&["galaxies", "--simulate", "3", "--out", out], options].concat());
        read(root, out)
    };
    let (usual, own) = (run("usual", &[]), run("own", &["--psf", "psf.fits"]));
    assert_eq!(
        own.provenance.source,
        Source::Simulated { psf: Some("psf.fits".to_owned()), population: Box::default() }
    );

    fs::write(root.join("early.json"), r#"{ "early_type": [0.45, 0.0], "clumpy": 0.0 }"#).expect("a temporary folder");
    good(root, &["galaxies", "--simulate", "6", "--out", "early", "--population", "early.json"]);
    let Source::Simulated { population, .. } = read(root, "early").provenance.source else {
        panic!("they are simulated")
    };
    assert_eq!((population.clumpy, population.barred), (0.0, Population::default().barred));
    assert_ne!(usual.galaxies, own.galaxies);
}

#[test]
fn stamps_with_nan_are_dropped_counted_and_said_in_one_line() {
    let folder = catalog();
    let root = folder.path();
    let path = root.join("images.fits");
    let mut bytes = fs::read(&path).expect("copied above");
    // The first pixel of the primary image, behind a header of one block.
    bytes[2880..2884].copy_from_slice(&f32::NAN.to_be_bytes());
    fs::write(path, bytes).expect("a temporary folder can be written");
    let output = arclet(root, &["galaxies", "--catalog", "catalog.fits", "--out", "set"]);
    let (report, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(count(&report, "dropped, with NaN"), 1);
    assert_eq!(said.lines().filter(|l| l.starts_with("warning: galaxy ") && l.contains("NaN")).count(), 1, "{said}");
    assert_eq!(idents(&read(root, "set")), [802, 807]);
}

#[test]
fn a_set_too_small_for_its_parts_is_said() {
    let folder = catalog();
    let output = arclet(folder.path(), &["galaxies", "--catalog", "catalog.fits", "--out", "set"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.starts_with("warning: ") && said.contains("test or validation") && said.lines().count() == 1,
        "{said}"
    );
    // What the warning promises.
    assert!(proportions(18).iter().all(|n| *n > 0) && proportions(17).contains(&0));
    assert_eq!(read(folder.path(), "set").of(Split::Training).count(), 3);
}

#[test]
fn catalogues_and_images_that_are_missing_damaged_or_something_else() {
    let spoilt = |spoil: &dyn Fn(&Path), parts: &[&str]| {
        let folder = catalog();
        spoil(folder.path());
        refused(folder.path(), &["galaxies", "--catalog", "catalog.fits", "--out", "a/set"], parts);
    };
    let remove = |name: &'static str| move |root: &Path| fs::remove_file(root.join(name)).expect("copied above");
    let cut = |name: &'static str, length: usize| {
        move |root: &Path| {
            let whole = fs::read(root.join(name)).expect("copied above");
            fs::write(root.join(name), &whole[..length]).expect("a temporary folder");
        }
    };
    spoilt(&remove("catalog.fits"), &["catalog.fits", "does not exist"]);
    spoilt(&remove("more.fits"), &["more.fits", "does not exist"]);
    spoilt(&cut("catalog.fits", 7000), &["catalog.fits", "truncated"]);
    spoilt(&cut("images.fits", 60_000), &["images.fits", "truncated"]);
    spoilt(
        &|root| fs::write(root.join("catalog.fits"), "IDENT,RA\n1,2\n").expect("a temporary folder"),
        &["catalog.fits"],
    );
    spoilt(
        &|root| fs::copy(root.join("psf.fits"), root.join("catalog.fits")).map(drop).expect("a temporary folder"),
        &["catalog.fits"],
    );
    spoilt(
        &|root| change_bytes(&root.join("catalog.fits"), b"'GAL_FILENAME'", b"'GAL_FILENAMX'"),
        &["catalog.fits", "GAL_FILENAME"],
    );
    // 807 asks for HDU 1 of a file that has HDU 0 alone.
    spoilt(&|root| change_bytes(&root.join("catalog.fits"), b"more.fits", b"psf.fits\0"), &["psf.fits", "HDU 1"]);
}

#[test]
fn cuts_that_leave_nothing_say_which_took_how_many() {
    let folder = catalog();
    let cut = ["galaxies", "--catalog", "catalog.fits", "--out", "set", "--signal", "1000:2000"];
    refused(folder.path(), &cut, &["no galaxy is left of 8", "1 with a failed Sersic fit", "5 too faint", "loosen"]);
}

#[test]
fn arguments_that_are_wrong_or_do_not_go_together() {
    let folder = catalog();
    let root = folder.path();
    let with =
        |options: &[&str], parts: &[&str]| refused(root, &[&["galaxies", "--out", "set"], options].concat(), parts);
    with(&[], &["--catalog", "--simulate"]);
    with(&["--simulate", "3", "--catalog", "catalog.fits"], &["--simulate", "--catalog"]);
    with(&["--catalog", "catalog.fits", "--psf", "psf.fits"], &["--psf", "--catalog"]);
    with(&["--simulate", "0"], &["--simulate", "0", "1000000"]);
    with(&["--simulate", "10000001"], &["--simulate", "10000001"]);
    with(&["--simulate", "many"], &["--simulate", "many"]);
    with(&["--simulate", "3", "--signal", "50:15"], &["--signal", "50:15", "below"]);
    with(&["--simulate", "3", "--signal", "15-50"], &["--signal", "15-50", "colon"]);
    with(&["--simulate", "3", "--side", "0"], &["side"]);
    with(&["--simulate", "3", "--psf", "none.fits"], &["none.fits", "does not exist"]);
    with(&["--simulate", "3", "--psf", "catalog.fits"], &["catalog.fits", "2-d image"]);
    fs::write(root.join("typing.json"), r#"{ "bared": 0.5 }"#).expect("a temporary folder");
    with(&["--simulate", "3", "--population", "typing.json"], &["typing.json", "bared", "barred"]);
    fs::write(root.join("wrong.json"), r#"{ "barred": 1.5 }"#).expect("a temporary folder");
    with(&["--simulate", "3", "--population", "wrong.json"], &["barred discs = 1.5", "between 0 and 1"]);
    with(&["--catalog", "catalog.fits", "--population", "wrong.json"], &["--population", "--catalog"]);
    refused(root, &["galaxies", "--simulate", "3"], &["--out"]);
    refused(root, &["galaxy", "--simulate", "3"], &["did you mean `galaxies`?"]);
}

#[test]
fn a_folder_that_is_there_is_replaced_by_force_alone_and_never_with_the_catalogue_in_it() {
    let folder = catalog();
    let root = folder.path();
    let set = ["galaxies", "--catalog", "catalog.fits", "--out", "set"];
    good(root, &set);
    refused(root, &set, &["set exists", "--force"]);
    fs::write(root.join("set/old.txt"), "old").expect("a temporary folder");
    refused(root, &[&set[..], &["--force", "--signal", "1000:2000"]].concat(), &["no galaxy"]);
    good(root, &[&set[..], &["--force"]].concat());
    assert_eq!(entries(&root.join("set")), [MANIFEST, "galaxies.png", SET, "old.txt"], "a stranger's file stays");
    let whole = root.to_str().expect("a temporary folder");
    let outside = empty();
    let catalog = root.join("catalog.fits");
    let catalog = catalog.to_str().expect("a temporary folder");
    refused(outside.path(), &["galaxies", "--catalog", catalog, "--out", whole, "--force"], &["choose another --out"]);
    assert!(root.join("images.fits").exists());
}

/// The signal that Ctrl-C sends.
#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let folder = empty();
    let root = folder.path();
    let mut run = Command::new(env!("CARGO_BIN_EXE_arclet"));
    let run = run.args(["galaxies", "--simulate", "1000000", "--out", "a/b/set"]).current_dir(root);
    let run = run.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program was built for this test");
    let begun = Instant::now();
    while entries(root).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never began");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    let sent = Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(sent.is_ok_and(|s| s.success()));
    let output = run.wait_with_output().expect("it was started");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "error: stopped; nothing is written\n");
    assert!(entries(root).is_empty(), "{:?}", entries(root));
}

#[test]
fn real_galaxies_of_cosmos_are_prepared() {
    let Some(data) = test_data::find("data/galaxies") else { return };
    let catalogs = [
        "cosmos_hst_paltas/real_galaxy_catalog_23.5.fits",
        "cosmos_hst_btk/real_galaxy_catalog_26_extension_example.fits",
    ];
    let catalogs = catalogs.map(|name| data.join(name));
    let folder = empty();
    let [first, second] = catalogs.each_ref().map(|path| path.to_str().expect("a plain path"));
    let report = good(folder.path(), &["galaxies", "--catalog", first, "--catalog", second, "--out", "set"]);
    let dataset = read(folder.path(), "set");
    let dropped: usize = dataset.provenance.dropped.values().sum();
    assert_eq!((count(&report, "in the catalogues"), dropped + dataset.galaxies.len()), (110, 110));
    // Three of the ten brighter ones and six of the hundred fainter ones, at 0.03 arcsec a pixel or coarser.
    assert_eq!(dataset.galaxies.len(), 9);
    assert!(dataset.galaxies.iter().all(|galaxy| galaxy.side == 64 && galaxy.pixel_scale > 0.029));
}

#[test]
fn the_documentation_lists_every_number_of_the_population_with_its_default() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/galaxies.md")).expect("the page is there");
    let population = serde_json::to_value(Population::default()).expect("numbers");
    for (key, value) in population.as_object().expect("named numbers") {
        let numbers = value.to_string().replace(['[', ']'], "").replace(',', ", ").replace(".0,", ",");
        let row = format!("| `{key}` | {} |", numbers.strip_suffix(".0").unwrap_or(&numbers));
        assert!(page.contains(&row), "docs/galaxies.md has no row {row}");
    }
}
