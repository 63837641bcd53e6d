//! Catalogues of real galaxies: a synthetic one in the form of GalSim's with every kind of mistake, and 112 galaxies of COSMOS
//! against another implementation.

use std::fs;
use std::path::{Path, PathBuf};

use lens_models::fits::FitsFile;
use serde::Deserialize;
use tempfile::TempDir;
use vae_source::data::{Catalog, Cuts, Galaxy, Note, Reason, SersicFit, Stamp, Tally, prepare, prepare_all};
use vae_source::{Error, Result};

/// By scripts/golden/catalog_fixture.py, which says what each galaxy of it is for.
fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tiny_catalog")
}

fn open() -> Catalog {
    Catalog::open(fixture().join("catalog.fits")).unwrap()
}

fn prepared(catalog: &Catalog, cuts: &Cuts) -> Result<(Vec<Galaxy>, Tally)> {
    prepare_all(catalog.stamps(), cuts, &mut |_| ())
}

#[test]
fn the_rows_of_a_catalogue_are_read_with_their_fits_by_ident() {
    let catalog = open();
    assert_eq!((catalog.len(), catalog.notes()), (8, &[][..]));
    let idents: Vec<i64> = catalog.entries().iter().map(|entry| entry.ident).collect();
    assert_eq!(idents, [801, 802, 803, 804, 805, 806, 807, 808]);
    let fits: Vec<SersicFit> = catalog.entries().iter().map(|entry| entry.sersic).collect();
    let mut expected = [SersicFit::Good; 8];
    (expected[2], expected[3]) = (SersicFit::Failed, SersicFit::Unphysical);
    assert_eq!(fits, expected);
    let last = &catalog.entries()[7];
    assert_eq!((&*last.image, last.image_hdu, last.psf_hdu), (fixture().join("more.fits").as_path(), 2, 0));
    assert_eq!((last.pixel_scale, last.noise_variance), (0.03, 0.002 * 0.002));
    assert!((18.0..24.0).contains(&last.magnitude), "{}", last.magnitude);
}

#[test]
fn stamps_come_in_the_order_of_the_rows_one_by_one_or_alone() {
    let catalog = open();
    let stamps: Vec<Stamp> = catalog.stamps().collect::<Result<_>>().unwrap();
    let sizes: Vec<_> = stamps.iter().map(|stamp| stamp.image.size()).collect();
    assert_eq!(sizes, [(64, 64), (80, 72), (70, 70), (66, 66), (48, 64), (64, 64), (65, 64), (64, 64)]);
    assert_eq!(catalog.stamps().len(), 8);
    for (entry, stamp) in catalog.entries().iter().zip(&stamps) {
        let alone = catalog.stamp(entry).unwrap();
        assert_eq!((alone.ident, &alone.image), (entry.ident, &stamp.image));
        assert!((stamp.sigma_noise - 0.002).abs() < 1e-15);
    }
    // The correlation is 0.4 at one pixel, 1 at the centre, and one image serves all.
    let correlation = stamps[0].correlation.as_ref().unwrap();
    assert_eq!((correlation.size(), correlation.pixels[12]), ((5, 5), 1.0));
    assert!((correlation.pixels[13] - 0.4).abs() < 1e-6 && (correlation.pixels[18] - 0.16).abs() < 1e-6);
    assert!(stamps.iter().all(|stamp| std::sync::Arc::ptr_eq(stamp.correlation.as_ref().unwrap(), correlation)));
    let psf = catalog.psf(&catalog.entries()[4]).unwrap();
    assert!(psf.size() == (9, 9) && (psf.pixels.iter().sum::<f32>() - 1.0).abs() < 1e-6);
}

#[test]
fn the_papers_cuts_keep_what_they_should() {
    let (galaxies, tally) = prepared(&open(), &Cuts::default()).unwrap();
    assert_eq!(galaxies.iter().map(|galaxy| galaxy.ident).collect::<Vec<_>>(), [801, 802, 807]);
    assert_eq!(Reason::ALL.map(|reason| tally.dropped(reason)), [1, 1, 0, 1, 1, 1]);
    assert_eq!(galaxies[1].pixel_scale, 0.03 * 72.0 / 64.0);
    for galaxy in &galaxies {
        assert_eq!((galaxy.side, galaxy.pixels.iter().copied().fold(f32::MIN, f32::max)), (64, 1.0));
    }
}

/// A copy of the synthetic catalogue, to be spoilt.
fn copy() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(fixture()).unwrap() {
        let file = file.unwrap();
        fs::write(folder.path().join(file.file_name()), fs::read(file.path()).unwrap()).unwrap();
    }
    folder
}

/// What opening the catalogue and preparing all of it ends with.
fn outcome(folder: &TempDir) -> Result<(Vec<Galaxy>, Tally)> {
    prepared(&Catalog::open(folder.path().join("catalog.fits"))?, &Cuts::default())
}

/// The message of the failure, without the folder.
fn failure(folder: &TempDir) -> String {
    let message = outcome(folder).unwrap_err().to_string();
    message.replace(&format!("{}/", folder.path().display()), "")
}

/// Changes the bytes of a file of the copy.
fn edit(folder: &TempDir, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = folder.path().join(file);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Puts other text of the same length in the place of the first `from` behind the first `after`.
fn replace(bytes: &mut [u8], after: &str, from: &[u8], to: &[u8]) {
    let find = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).position(|window| window == text).unwrap();
    let start = find(bytes, after.as_bytes());
    let at = start + find(&bytes[start..], from);
    bytes[at..at + to.len()].copy_from_slice(to);
}

/// Bytes of a row of `catalog.fits`.
const ROW: usize = 175;

/// The bytes of one column of one row of `catalog.fits`.
fn cell(bytes: &mut [u8], row: usize, offset: usize, to: &[u8]) {
    // The data follow the last of the header's blocks, which are followed by nothing else.
    let start = bytes.len() - (8 * ROW).div_ceil(2880) * 2880 + row * ROW + offset;
    bytes[start..start + to.len()].copy_from_slice(to);
}

/// Where columns begin in a row: J, D, D, D, 5A, D, 32A, 36A, J, J, D, D, D, 26A, D.
const GAL_HDU: usize = 4 + 3 * 8 + 5 + 8 + 32 + 36;
const NOISE_VARIANCE: usize = GAL_HDU + 4 + 4 + 8 + 8;

#[test]
fn files_that_are_missing_are_named_with_the_galaxy() {
    let folder = copy();
    fs::remove_file(folder.path().join("images.fits")).unwrap();
    let expected = "catalog.fits: galaxy 801 should be in images.fits, which does not exist; put the file that GAL_FILENAME names \
                    into the folder of the catalogue";
    assert_eq!(failure(&folder), expected);
    // The point-spread function is not needed before it is asked for.
    let folder = copy();
    fs::remove_file(folder.path().join("psf.fits")).unwrap();
    assert_eq!(outcome(&folder).unwrap().0.len(), 3);
    let catalog = Catalog::open(folder.path().join("catalog.fits")).unwrap();
    let error = catalog.psf(&catalog.entries()[1]).unwrap_err();
    assert!(matches!(error, Error::MissingGalaxyFile { ident: 802, column: "PSF_FILENAME", .. }), "{error}");
    fs::remove_file(folder.path().join("catalog.fits")).unwrap();
    assert_eq!(failure(&folder), "catalog.fits does not exist; check the path of the catalogue");
}

#[test]
fn a_truncated_image_file_says_so() {
    let folder = copy();
    edit(&folder, "images.fits", |bytes| bytes.truncate(bytes.len() - 5000));
    let expected = "catalog.fits: galaxy 801 cannot be read: images.fits is truncated: HDU 5 needs ";
    let message = failure(&folder);
    assert!(message.starts_with(expected) && message.ends_with("copy or download it again"), "{message}");
    edit(&folder, "images.fits", |bytes| *bytes = b"<html>not found</html>".to_vec());
    let message = failure(&folder);
    assert!(message.contains("galaxy 801 cannot be read: images.fits is neither a FITS file"), "{message}");
}

#[test]
fn an_hdu_that_is_not_there_is_told_with_those_that_are() {
    let folder = copy();
    edit(&folder, "catalog.fits", |bytes| cell(bytes, 6, GAL_HDU, &7_i32.to_be_bytes()));
    let expected = "catalog.fits: galaxy 807 cannot be read: more.fits has no HDU 7; it has HDU 0 (no data), HDU 1 (image 65 x 64), \
                    HDU 2 (image 64 x 64)";
    assert_eq!(failure(&folder), expected);
    edit(&folder, "catalog.fits", |bytes| cell(bytes, 6, GAL_HDU, &0_i32.to_be_bytes()));
    assert!(failure(&folder).ends_with("more.fits has no 2-d image where one is wanted; it has HDU 0 (no data)"));
    edit(&folder, "catalog.fits", |bytes| cell(bytes, 6, GAL_HDU, &(-1_i32).to_be_bytes()));
    let expected = "catalog.fits: galaxy 807 has GAL_HDU = -1; it must be the number of an HDU, 0 or above: fix the row or \
                    remove it";
    assert_eq!(failure(&folder), expected);
}

#[test]
fn a_noise_variance_that_is_none_names_the_galaxy() {
    for variance in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let folder = copy();
        edit(&folder, "catalog.fits", |bytes| cell(bytes, 2, NOISE_VARIANCE, &variance.to_be_bytes()));
        let expected = format!(
            "catalog.fits: galaxy 803 has NOISE_VARIANCE = {variance}; it must be positive and finite: fix the row or remove it"
        );
        assert_eq!(failure(&folder), expected);
    }
}

#[test]
fn a_stamp_with_nan_is_dropped_and_counted() {
    let folder = copy();
    // 801 is the primary HDU of 32-bit floats: one block of header, then its pixels.
    edit(&folder, "images.fits", |bytes| bytes[2880 + 400..2880 + 404].copy_from_slice(&f32::NAN.to_be_bytes()));
    let (galaxies, tally) = outcome(&folder).unwrap();
    assert_eq!((galaxies.len(), tally.dropped(Reason::NotFinite), tally.seen()), (2, 1, 8));
    assert!(galaxies.iter().all(|galaxy| galaxy.ident != 801));
}

#[test]
fn none_left_says_which_cuts_did_it() {
    let cuts = Cuts { min_side: 100, ..Cuts::default() };
    let message = prepared(&open(), &cuts).unwrap_err().to_string();
    let expected = "no galaxy is left of 8: 1 with a failed Sersic fit, 1 with an unphysical Sersic fit, 6 with a stamp too small; \
                    loosen one of these cuts";
    assert_eq!(message, expected);
}

#[test]
fn what_is_absent_beside_a_catalogue_is_noted_and_passes() {
    let folder = copy();
    fs::remove_file(folder.path().join("noise_cf.fits")).unwrap();
    fs::remove_file(folder.path().join("catalog_fits.fits")).unwrap();
    let catalog = Catalog::open(folder.path().join("catalog.fits")).unwrap();
    let notes: Vec<String> = catalog
        .notes()
        .iter()
        .map(|note| note.to_string().replace(&format!("{}/", folder.path().display()), ""))
        .collect();
    let fits = "catalog_fits.fits does not exist: no galaxy is dropped for its Sersic fit";
    let noise = "noise_cf.fits (NOISE_FILENAME) does not exist: the noise is taken to be uncorrelated";
    assert_eq!(notes, [fits, noise]);
    assert!(catalog.entries().iter().all(|e| e.sersic == SersicFit::Absent && e.correlation.is_none()));
    assert_eq!(prepared(&catalog, &Cuts::default()).unwrap().0.len(), 5);
    let folder = copy();
    edit(&folder, "catalog.fits", |bytes| replace(bytes, "TTYPE14", b"NOISE_FILENAME", b"ANOTHER_COLUMN"));
    let catalog = Catalog::open(folder.path().join("catalog.fits")).unwrap();
    assert!(matches!(catalog.notes(), [Note::NoCorrelationColumn { .. }]), "{:?}", catalog.notes());
    assert!(catalog.notes()[0].to_string().contains("catalog.fits has no column NOISE_FILENAME"));
    // The function of COSMOS comes with GalSim; without it the noise is that of drizzled images.
    let folder = copy();
    edit(&folder, "catalog.fits", |bytes| {
        while let Some(at) = bytes.windows(13).position(|text| text == b"noise_cf.fits") {
            bytes[at..at + 26].copy_from_slice(b"acs_I_unrot_sci_20_cf.fits");
        }
    });
    let catalog = Catalog::open(folder.path().join("catalog.fits")).unwrap();
    assert!(catalog.notes().iter().any(|note| matches!(note, Note::OwnCorrelation { .. })), "{:?}", catalog.notes());
    let correlation = catalog.entries()[0].correlation.as_ref().unwrap();
    assert!((correlation.pixels[13] - 0.48).abs() < 0.01);
    // A table of fits of another kind, and one that lacks a galaxy.
    let folder = copy();
    edit(&folder, "catalog_fits.fits", |bytes| replace(bytes, "TTYPE5", b"sersicfit", b"other_fit"));
    let catalog = Catalog::open(folder.path().join("catalog.fits")).unwrap();
    assert!(matches!(catalog.notes(), [Note::NoSersicColumns { .. }]), "{:?}", catalog.notes());
    let folder = copy();
    edit(&folder, "catalog.fits", |bytes| cell(bytes, 3, 0, &9_i32.to_be_bytes()));
    let catalog = Catalog::open(folder.path().join("catalog.fits")).unwrap();
    assert!(matches!(catalog.notes(), [Note::FitsLack { galaxies: 1, .. }]), "{:?}", catalog.notes());
    let said = catalog.notes()[0].to_string();
    assert!(said.ends_with("catalog_fits.fits lacks 1 galaxy, which is not dropped for a Sersic fit"), "{said}");
    assert_eq!(catalog.entries()[3].sersic, SersicFit::Absent);
}

#[test]
fn a_table_that_is_no_catalogue_is_told_by_its_columns() {
    let error = Catalog::open(fixture().join("catalog_fits.fits")).unwrap_err().to_string();
    let expected = "catalog_fits.fits, HDU 1 has no column `MAG`; its columns are IDENT, mag_auto, flux_radius, zphot, sersicfit, \
                    fit_status, viable_sersic";
    assert!(error.ends_with(expected), "{error}");
    let error = Catalog::open(fixture().join("psf.fits")).unwrap_err().to_string();
    assert!(error.ends_with("psf.fits has no binary table where one is wanted; it has HDU 0 (image 9 x 9)"), "{error}");
    let folder = copy();
    edit(&folder, "catalog.fits", |bytes| replace(bytes, "NAXIS1", b"                   8", b"                   0"));
    assert_eq!(failure(&folder), "catalog.fits is a table without rows; give a catalogue with galaxies");
}

#[test]
fn a_correlation_function_without_a_centre_is_refused() {
    let folder = copy();
    // The variance at the centre, in a file of 64-bit floats.
    edit(&folder, "noise_cf.fits", |bytes| bytes[2880 + 96..2880 + 104].copy_from_slice(&0.0_f64.to_be_bytes()));
    let message = failure(&folder);
    assert!(
        message.starts_with("noise_cf.fits is 5 x 5 pixels with 0 at the centre; a noise correlation"),
        "{message}"
    );
}

/// `tests/data/galaxies.json`.
#[derive(Deserialize)]
struct Golden {
    cuts: std::collections::BTreeMap<String, GoldenCuts>,
    places: Vec<usize>,
    catalogs: Vec<GoldenCatalog>,
}

#[derive(Deserialize)]
struct GoldenCuts {
    min_side: usize,
    signal: [f64; 2],
}

#[derive(Deserialize)]
struct GoldenCatalog {
    catalog: String,
    galaxies: Vec<GoldenGalaxy>,
}

#[derive(Deserialize)]
struct GoldenGalaxy {
    ident: i64,
    size: (usize, usize),
    paper: String,
    loose: String,
    #[serde(flatten)]
    prepared: Option<GoldenPrepared>,
}

#[derive(Deserialize)]
struct GoldenPrepared {
    signal: f64,
    sigma: f64,
    pixel_scale: f64,
    sums: [f64; 3],
    peak: usize,
    pixels: Vec<f64>,
}

fn word(outcome: &Result<Galaxy, Reason>) -> &'static str {
    match outcome {
        Ok(_) => "kept",
        Err(Reason::FitFailed) => "fit_failed",
        Err(Reason::FitUnphysical) => "fit_unphysical",
        Err(Reason::NotFinite) => "not_finite",
        Err(Reason::Small) => "small",
        Err(Reason::Faint) => "faint",
        Err(Reason::Bright) => "bright",
    }
}

#[test]
fn real_galaxies_are_prepared_as_another_implementation_prepares_them() {
    let Some(data) = test_data::find("data/galaxies") else { return };
    let golden: Golden = serde_json::from_str(include_str!("data/galaxies.json")).unwrap();
    let cuts = |name: &str| {
        let GoldenCuts { min_side, signal } = golden.cuts[name];
        Cuts { min_side, signal, ..Cuts::default() }
    };
    let (paper, loose) = (cuts("paper"), cuts("loose"));
    assert_eq!(paper, Cuts::default());
    let mut compared = 0;
    for GoldenCatalog { catalog: file, galaxies } in &golden.catalogs {
        let catalog = Catalog::open(data.join(file)).unwrap();
        assert_eq!(catalog.len(), galaxies.len());
        for (stamp, expected) in catalog.stamps().zip(galaxies) {
            let (stamp, place) = (stamp.unwrap(), format!("{} of {file}", expected.ident));
            assert_eq!((stamp.ident, stamp.image.size()), (expected.ident, expected.size));
            assert_eq!(word(&prepare(&stamp, &paper)), expected.paper, "{place}");
            let outcome = prepare(&stamp, &loose);
            assert_eq!(word(&outcome), expected.loose, "{place}");
            if let (Ok(galaxy), Some(expected)) = (outcome, &expected.prepared) {
                compare(&galaxy, expected, &golden.places, &place);
                let near = [expected.signal * (1.0 - 1e-6), expected.signal * (1.0 + 1e-6)];
                assert!(prepare(&stamp, &Cuts { signal: near, ..loose }).is_ok(), "the signal of {place}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 112);
}

/// Stamps and prepared pixels are rounded to f32 (6e-8 each), the largest of them to 1; sums of 4096 such gather 4e-6.
fn compare(galaxy: &Galaxy, expected: &GoldenPrepared, places: &[usize], place: &str) {
    assert_eq!(galaxy.pixels.iter().position(|pixel| *pixel == 1.0), Some(expected.peak), "{place}");
    for (at, pixel) in places.iter().zip(&expected.pixels) {
        assert!((f64::from(galaxy.pixels[*at]) - pixel).abs() < 5e-7, "pixel {at} of {place}");
    }
    // Each pixel is in the last sum with a weight of its own, so that a wrong one, or two in each other's place, would show.
    let mut sums = [0.0; 3];
    for (i, pixel) in galaxy.pixels.iter().map(|pixel| f64::from(*pixel)).enumerate() {
        sums[0] += pixel;
        sums[1] += pixel * pixel;
        sums[2] += pixel * (1.0 + i as f64).sin();
    }
    for (got, wanted) in sums.iter().zip(expected.sums) {
        assert!((got - wanted).abs() < 5e-5, "{place}: {sums:?} {:?}", expected.sums);
    }
    assert!((f64::from(galaxy.sigma_noise) / expected.sigma - 1.0).abs() < 1e-6, "sigma of {place}");
    assert!((galaxy.pixel_scale / expected.pixel_scale - 1.0).abs() < 1e-8, "scale of {place}");
}

#[test]
fn a_point_spread_function_is_the_image_of_its_row() {
    let Some(data) = test_data::find("data/galaxies") else { return };
    let folder = data.join("cosmos_hst_btk");
    let catalog = Catalog::open(folder.join("real_galaxy_catalog_26_extension_example.fits")).unwrap();
    let psf = catalog.psf(&catalog.entries()[41]).unwrap();
    let mut file = FitsFile::open(folder.join("real_galaxy_PSF_images_extension.fits")).unwrap();
    assert_eq!((file.hdus(), psf.size()), (100, (51, 65)));
    assert_eq!(psf, file.image(catalog.entries()[41].psf_hdu).unwrap());
}
