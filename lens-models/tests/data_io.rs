//! Files in and out: real images read right, bad ones named, what is written comes back.

mod by_hand;

use std::path::Path;
use std::sync::{Arc, Mutex};

use by_hand::{primary, raw_fits, with_table};
use fitsio_pure::compress::{TileCompression, compress_image_hdu};
use lens_models::data::{DataFiles, Inputs};
use lens_models::fits::{self, HeaderCard, HeaderValue, Image, NamedImage, Select};
use lens_models::image_file::read_image;
use lens_models::noise::Noise;
use lens_models::psf::Psf;
use lens_models::{Error, Result};
use proptest::prelude::*;

/// (file, width, height, [first pixel, [h / 2][w / 2], [h / 3][w / 4], min, max], sum); by scripts/golden/images.py.
type Golden = (&'static str, usize, usize, [f64; 5], f64);

#[rustfmt::skip]
const REAL: [Golden; 14] = [
    ("slacs/J0008-0004/image.fits", 201, 201, [0.004097532480955124, 2.3893184661865234, 0.008954279124736786, -0.03050239384174347, 2.3893184661865234], 699.1496895473529),
    ("slacs/J0008-0004/noise.fits", 201, 201, [0.012243268080055714, 0.04040170833468437, 0.017544107511639595, 0.008974332362413406, 100000000.0], 618700000372.6227),
    ("slacs/J0008-0004/psf.fits", 15, 15, [0.00010396719153504819, 0.19702206552028656, 0.0010406927904114127, 5.687909651896916e-05, 0.19702206552028656], 0.9999999921164999),
    ("slacs/J1627-0053/image.fits", 201, 201, [0.002959943376481533, 11.761977195739746, 0.04464234784245491, -0.01453249342739582, 11.761977195739746], 3333.632671115145),
    ("slacs/J1627-0053/noise.fits", 201, 201, [0.010589179582893848, 0.07503070682287216, 0.009247392416000366, 0.007920774631202221, 100000000.0], 192100000395.66968),
    ("slacs/J1627-0053/psf.fits", 15, 15, [0.00011806115071522072, 0.1993401199579239, 0.000565773923881352, 5.290339686325751e-05, 0.1993401199579239], 1.0000000565378286),
    ("mock/tinylensgpu_benchmark/image.fits", 200, 200, [0.06457515805959702, 46.91846466064453, -0.039170145988464355, -0.3747175633907318, 46.91846466064453], 5884.7534357517725),
    ("mock/tinylensgpu_benchmark/noise.fits", 200, 200, [0.10002344101667404, 0.4052651822566986, 0.1004953607916832, 0.10002344101667404, 0.405282586812973], 4082.2863387987018),
    ("mock/tinylensgpu_benchmark/psf.fits", 21, 21, [0.0, 0.34844300150871277, 2.34636811785873e-17, 0.0, 0.34844300150871277], 1.000000117727062),
    ("mock/tinylensgpu_src_only/image.fits", 200, 200, [0.14795377850532532, -0.08505331724882126, -0.14716248214244843, -0.3903944194316864, 4.232923984527588], 1939.6960700274738),
    ("mock/tinylensgpu_src_only/noise.fits", 200, 200, [0.10000000149011612, 0.10002827644348145, 0.10000002384185791, 0.09999999403953552, 0.154801145195961], 4029.4873607978225),
    ("mock/tinylensgpu_src_only/psf.fits", 21, 21, [0.0, 0.34844300150871277, 2.34636811785873e-17, 0.0, 0.34844300150871277], 1.000000117727062),
    ("mock/gigalens_demo/demo.npy", 60, 60, [-0.16675840318202972, 32.395267486572266, 2.5466043949127197, -0.4366859495639801, 44.03875732421875], 6399.721984652555),
    ("mock/gigalens_demo/psf.npy", 13, 13, [0.00035985393333248794, 0.40342557430267334, 0.0013795403065159917, 0.00011423170508351177, 0.40342557430267334], 0.9999998493876774),
];

#[test]
fn real_images_read_as_astropy_and_numpy_read_them() {
    for (file, w, h, values, sum) in REAL {
        let Some(path) = test_data::find(&format!("data/{file}")) else { return };
        let Image { width, height, pixels } = read_image(path).unwrap();
        assert_eq!((width, height), (w, h), "{file}");
        let (min, max) = pixels.iter().fold((f32::MAX, f32::MIN), |(a, b), p| (a.min(*p), b.max(*p)));
        let got = [pixels[0], pixels[h / 2 * w + w / 2], pixels[h / 3 * w + w / 4], min, max].map(f64::from);
        assert_eq!(got, values, "{file}");
        // numpy adds in another order: 40000 roundings of 1e-16.
        let total: f64 = pixels.iter().map(|p| f64::from(*p)).sum();
        assert!((total / sum - 1.0).abs() < 1e-12, "{file}: {total} {sum}");
    }
}

#[test]
fn every_slacs_lens_assembles_with_its_masked_pixels_counted() {
    let Some(data) = test_data::find("data/slacs") else { return };
    let folders: Vec<_> = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).collect();
    let lenses: Vec<_> = folders.iter().filter(|path| path.is_dir()).collect();
    assert_eq!(lenses.len(), 30);
    for folder in lenses {
        let data = slacs(Some(3.0)).read(folder).unwrap();
        let window = data.grid.window();
        // 3 arcsec are 60 pixels, 7 more for the PSF; a masked pixel may be the only one at the end of a diameter.
        let near = |size: usize| (130..=135).contains(&size);
        assert!(near(window.width) && near(window.height), "{window:?}");
        assert_eq!(data.psf.unwrap().half_size(), (7, 7));
        assert!(data.report.peak > data.report.background && data.report.median_sigma > 0.0, "{}", data.report);
        let whole = slacs(None).read(folder).unwrap();
        if folder.ends_with("J0008-0004") {
            assert_eq!((whole.report.mask.noise, whole.report.mask.used), (6187, 201 * 201 - 6187));
            assert!(whole.report.to_string().contains("6187 by noise map"), "{}", whole.report);
        }
        assert!(whole.noise.log_prob(&whole.image.pixels, &whole.image.pixels).is_finite());
    }
}

fn slacs(mask_radius: Option<f64>) -> DataFiles {
    let json = r#"{"image": "image.fits", "noise": "noise.fits", "psf": "psf.fits", "pixel_scale": 0.05}"#;
    DataFiles { mask_radius, ..serde_json::from_str(json).unwrap() }
}

fn decode(bytes: &[u8]) -> Result<Image> {
    fits::decode(bytes, Path::new("test.fits"), Select::FirstImage)
}

#[test]
fn every_bitpix_is_read_with_its_scale_zero_and_blank() {
    let scale = ["BSCALE  =                  0.5", "BZERO   =                 10.0"];
    let scaled = [10.0, 10.5, 9.0, 60.0];
    let raw = [0i64, 1, -2, 100];
    let bytes = |bitpix: i64| -> Vec<u8> {
        raw.iter()
            .flat_map(|v| match bitpix {
                16 => (*v as i16).to_be_bytes().to_vec(),
                32 => (*v as i32).to_be_bytes().to_vec(),
                64 => v.to_be_bytes().to_vec(),
                -32 => (*v as f32).to_be_bytes().to_vec(),
                _ => (*v as f64).to_be_bytes().to_vec(),
            })
            .collect()
    };
    for bitpix in [16, 32, 64, -32, -64] {
        let image = decode(&raw_fits(&primary(bitpix, &[2, 2], &scale), &bytes(bitpix))).unwrap();
        assert_eq!(image, Image::new(2, 2, scaled.to_vec()).unwrap(), "BITPIX {bitpix}");
    }
    // Unsigned bytes; a third axis of length 1 does not matter; BLANK is NaN.
    let cards = primary(8, &[3, 1, 1], &["BLANK   =                  255"]);
    let image = decode(&raw_fits(&cards, &[0, 200, 255])).unwrap();
    assert_eq!((image.width, image.height, image.pixels[1]), (3, 1, 200.0));
    assert!(image.pixels[2].is_nan());
}

#[test]
fn gzip_and_tile_compressed_files_are_read() {
    let plain = raw_fits(&primary(-32, &[2, 1], &[]), &[1.5f32.to_be_bytes(), (-2.5f32).to_be_bytes()].concat());
    let packed = fitsio_pure::gzip::compress(&plain, 6);
    assert_eq!(decode(&packed).unwrap().pixels, [1.5, -2.5]);
    for length in 0..packed.len() {
        assert!(decode(&packed[..length]).is_err(), "{length} bytes");
    }
    let tiled = tile_compressed();
    assert_eq!(decode(&tiled).unwrap().pixels, (0..600).map(|i| (i * i % 251) as f32).collect::<Vec<_>>());
}

fn tile_compressed() -> Vec<u8> {
    let pixels: Vec<i32> = (0..600).map(|i| i * i % 251).collect();
    let hdu = compress_image_hdu(&[30, 20], &pixels, &TileCompression::rice(), &[]).unwrap();
    [raw_fits(&primary(8, &[], &[]), &[]), hdu].concat()
}

#[test]
fn what_is_written_comes_back_by_order_index_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.fits");
    let ramp =
        |w: usize, h: usize, by: f32| Image::new(w, h, (0..w * h).map(|i| i as f32 * by - 1.0).collect()).unwrap();
    let (model, residual) = (ramp(5, 3, 0.37), ramp(700, 2, -1e-3));
    let card = HeaderCard { keyword: "PIXSCALE", value: HeaderValue::Real(0.05), comment: "arcsec per pixel" };
    let named = |name, image| NamedImage { name, image, cards: vec![card.clone()] };
    fits::write_images(&path, &[named("MODEL", &model), named("RESIDUAL", &residual)]).unwrap();
    assert_eq!(fits::read_image(&path).unwrap(), model);
    assert_eq!(fits::read_hdu(&path, Select::Index(1)).unwrap(), residual);
    assert_eq!(fits::read_hdu(&path, Select::Name("residual")).unwrap(), residual);
    let error = fits::read_hdu(&path, Select::Name("SOURCE")).unwrap_err();
    assert!(matches!(&error, Error::NoSuchHdu { wanted, available, .. } if wanted == "SOURCE" && available.len() == 2));
    assert!(
        error.to_string().ends_with("it has HDU 0 `MODEL` (image 5 x 3), HDU 1 `RESIDUAL` (image 700 x 2)"),
        "{error}"
    );
    let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
    assert!(text.contains("PIXSCALE=") && text.contains("arcsec per pixel"));
    let bad = HeaderCard { keyword: "lower", ..card };
    let images = [NamedImage { name: "M", image: &model, cards: vec![bad] }];
    assert!(matches!(fits::write_images(folder.path().join("bad.fits"), &images), Err(Error::Fits { hdu: 0, .. })));
    assert!(!folder.path().join("bad.fits").exists());
    assert!(matches!(fits::write_images(folder.path().join("no/such.fits"), &[]), Err(Error::Io { .. })));
}

#[test]
fn files_that_are_no_images_are_named() {
    let missing = read_image("no/such/image.fits").unwrap_err();
    assert!(matches!(missing, Error::MissingFile { .. }) && missing.to_string().starts_with("no/such/image.fits"));
    assert!(matches!(decode(b"hello, this is a text file"), Err(Error::UnknownFormat { .. })));
    assert!(matches!(decode(b""), Err(Error::Truncated { .. })));
    let cube = raw_fits(&primary(8, &[2, 2, 2], &[]), &[0; 8]);
    assert!(matches!(decode(&cube), Err(Error::NoImage { available, .. }) if available == ["HDU 0 (image 2 x 2 x 2)"]));
    for (keyword, value) in [("NAXIS1", -5i64), ("NAXIS1", 1 << 50), ("NAXIS", 1 << 40), ("BITPIX", 7)] {
        let mut cards = primary(-32, &[2, 2], &[]);
        let at = cards.iter().position(|card| card[..8].trim() == keyword).unwrap();
        cards[at] = format!("{keyword:<8}= {value:>20}");
        let error = decode(&raw_fits(&cards, &[0; 16])).unwrap_err();
        assert!(matches!(&error, Error::FitsHeader { keyword: k, .. } if k == keyword), "{error}");
    }
}

proptest! {
    #[test]
    fn a_truncated_file_is_an_error_that_says_how_many_bytes_are_missing(keep in 0.0..1.0f64, real in any::<bool>()) {
        let made = raw_fits(&primary(-32, &[40, 30], &[]), &vec![0x3f; 4800]);
        // Half of the files are real where they are at hand.
        let real = std::fs::read(test_data::folder().join("data").join(REAL[0].0)).ok().filter(|_| real);
        let (whole, needed) = match real {
            Some(real) => (real, 2880 + 201 * 201 * 4),
            None => (made, 2880 + 4800),
        };
        let length = (keep * whole.len() as f64) as usize;
        match decode(&whole[..length]) {
            // Only the zeros behind the data may be missing.
            Ok(_) => prop_assert!(length >= needed),
            Err(Error::Truncated { hdu: 0, found, .. }) => prop_assert!(found == length as u64 && length < needed),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn a_damaged_table_never_ends_the_program(at in 0..8_700usize, value in any::<u8>()) {
        let mut bytes = with_table();
        let at = at % bytes.len();
        bytes[at] = value;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        if let Ok(table) = fits::read_table(file.path()) {
            for column in [table.integers("IDENT").map(|v| v.len()), table.texts("NAME").map(|v| v.len())] {
                prop_assert!(column.is_err() || column.unwrap() == table.rows());
            }
        }
    }

    #[test]
    fn damaged_bytes_never_end_the_program(at in 0..20_000usize, value in any::<u8>(), tiled in any::<bool>()) {
        let mut bytes = if tiled { tile_compressed() } else { raw_fits(&primary(16, &[9, 9], &[]), &[1; 162]) };
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(image) = decode(&bytes) {
            prop_assert_eq!(image.pixels.len(), image.width * image.height);
        }
    }
}

/// A small lens in memory: 12 x 10 pixels, noise 0.1.
fn inputs() -> (DataFiles, Inputs) {
    let image = Image::new(12, 10, (0..120).map(|i| i as f32 * 0.01).collect()).unwrap();
    let noise = Some(Image::new(12, 10, vec![0.1; 120]).unwrap());
    let json = r#"{"image": "image.fits", "noise": "noise.fits", "pixel_scale": 0.1, "supersampling": 2}"#;
    (serde_json::from_str(json).unwrap(), Inputs { noise, ..Inputs::new(image) })
}

#[test]
fn nan_pixels_are_masked_counted_and_said() {
    let (files, mut inputs) = inputs();
    inputs.image.pixels[5] = f32::NAN;
    inputs.image.pixels[77] = f32::NEG_INFINITY;
    let (data, said) = warnings(|| files.assemble(inputs).unwrap());
    assert_eq!((data.report.mask.not_finite, data.report.mask.used), (2, 118));
    assert!(said.iter().any(|line| line.contains("2 pixels of image.fits are not finite")), "{said:?}");
    assert!(data.image.pixels.iter().all(|p| p.is_finite()));
    // The likelihood of a perfect model is the normalisation of 118 pixels alone.
    let expected = -118.0 * (f64::from(0.1f32).ln() + 0.5 * std::f64::consts::TAU.ln());
    assert!((data.noise.log_prob(&data.image.pixels, &data.image.pixels) - expected).abs() < 1e-9);
}

#[test]
fn an_unnormalised_psf_is_normalised_and_its_sum_said() {
    let kernel = Image::new(3, 3, vec![0.5; 9]).unwrap();
    let (psf, said) = warnings(|| Psf::new(kernel).unwrap());
    assert!(said.iter().any(|line| line.contains("the PSF sums to 4.5")), "{said:?}");
    assert!((psf.kernel()[0] - 1.0 / 9.0).abs() < 1e-8);
}

#[test]
fn only_the_window_that_matters_is_kept() {
    let (files, mut inputs) = inputs();
    inputs.psf = Some(Psf::gaussian(0.1, 0.1, 3).unwrap());
    let mut keep = vec![0.0; 120];
    (keep[4 * 12 + 6], keep[5 * 12 + 8]) = (1.0, 1.0);
    inputs.mask = Some(Image::new(12, 10, keep).unwrap());
    let data = files.assemble(inputs).unwrap();
    let window = data.grid.window();
    assert_eq!((window.x0, window.y0, window.width, window.height), (5, 3, 5, 4));
    assert_eq!((data.noise.len(), data.grid.pixels(), data.grid.subpixels()), (20, 20, 80));
    // Pixel [4][6] is [1][1] of the window; its neighbours are not used and read as 0.
    assert_eq!(data.image.pixels.iter().filter(|p| **p != 0.0).count(), 2);
    assert_eq!(data.image.pixels[5 + 1], 54.0 * 0.01);
    // The first sub-pixel is the lower left quarter of pixel (5, 3) of the *full* image.
    assert!((data.grid.x()[0] - (5.0 - 0.25 - 5.5) * 0.1).abs() < 1e-7);
    assert!((data.grid.y()[0] - (3.0 - 0.25 - 4.5) * 0.1).abs() < 1e-7);
}

#[test]
fn data_that_do_not_fit_together_are_refused() {
    let check = |change: &dyn Fn(&mut DataFiles, &mut Inputs)| {
        let (mut files, mut inputs) = inputs();
        change(&mut files, &mut inputs);
        files.assemble(inputs).unwrap_err()
    };
    let flat = |w, h, value| Some(Image::new(w, h, vec![value; w * h]).unwrap());
    let error = check(&|_, inputs| inputs.noise = flat(10, 12, 0.1));
    assert!(error.to_string().starts_with("the noise map is 10 x 12 pixels but the image is 12 x 10"), "{error}");
    let error = check(&|_, inputs| inputs.mask = flat(3, 3, 1.0));
    assert!(matches!(error, Error::ShapeMismatch { what: "mask", got: (3, 3), expected: (12, 10), .. }));
    let error = check(&|_, inputs| inputs.noise.as_mut().unwrap().pixels[3 * 12 + 2] = 0.0);
    assert!(error.to_string().contains("noise.fits: the noise at pixel (x 2, y 3) is 0"), "{error}");
    assert!(matches!(check(&|_, inputs| inputs.mask = flat(12, 10, 0.0)), Error::EmptyMask { file: 120, .. }));
    assert!(matches!(check(&|files, _| files.mask_radius = Some(0.01)), Error::EmptyMask { radius: 120, .. }));
    assert!(matches!(check(&|files, _| files.pixel_scale = Some(-0.1)), Error::OutOfRange { what: "pixel_scale", .. }));
    assert!(matches!(
        check(&|files, _| files.supersampling = Some(0)),
        Error::OutOfRange { what: "supersampling", .. }
    ));
    let error = check(&|_, inputs| inputs.noise = None);
    assert!(error.to_string().contains("`noise`; or else `background_rms`"), "{error}");
}

#[test]
fn keys_are_checked_before_any_file_is_opened() {
    let read = |json: &str| serde_json::from_str::<DataFiles>(json).unwrap().read("nowhere").unwrap_err();
    let error = read(r#"{"image": "i", "pixel_scale": 1, "noise": "n", "background_rms": 1.0}"#);
    assert!(matches!(error, Error::ConflictingKeys { first: "noise", second: "background_rms", .. }));
    let error = read(r#"{"image": "i", "pixel_scale": 1, "background_rms": 1.0, "psf": "p", "psf_fwhm": 0.1}"#);
    assert!(matches!(error, Error::ConflictingKeys { first: "psf", second: "psf_fwhm", .. }));
    assert!(matches!(read(r#"{"image": "i", "pixel_scale": 1}"#), Error::MissingKey { key: "noise", .. }));
    let typo = serde_json::from_str::<DataFiles>(r#"{"image": "i", "pixel_scal": 1}"#).unwrap_err();
    assert!(typo.to_string().contains("unknown field `pixel_scal`"), "{typo}");
}

#[test]
fn files_are_found_beside_the_system_file_and_named_when_bad() {
    let folder = tempfile::tempdir().unwrap();
    let (_, inputs) = inputs();
    let write = |name: &str, image: &Image| {
        fits::write_images(folder.path().join(name), &[NamedImage { name, image, cards: vec![] }]).unwrap();
    };
    write("image.fits", &inputs.image);
    write("even.fits", &Image::new(4, 4, vec![1.0 / 16.0; 16]).unwrap());
    let files = |more: &str| -> DataFiles {
        let json = format!(r#"{{"image": "image.fits", "pixel_scale": 0.1, "background_rms": 0.2{more}}}"#);
        serde_json::from_str(&json).unwrap()
    };
    let error = files(r#", "psf": "even.fits""#).read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("even.fits: the PSF is 4 x 4 pixels") && error.contains("5 x 5 grid"), "{error}");
    let error = files(r#", "mask": "none.fits""#).read(folder.path()).unwrap_err();
    assert!(matches!(error, Error::MissingFile { path } if path == folder.path().join("none.fits")));
    let data = files(r#", "psf_fwhm": 0.235482, "exposure_time": 100.0"#).read(folder.path()).unwrap();
    assert!(
        matches!(&data.noise, Noise::Background(b) if b.rms() == 0.2 && b.sigma(4.0, 1.0) == (0.2_f64 * 0.2 + 4.0 / 100.0).sqrt())
    );
    // FWHM 0.235" is sigma 0.1", one pixel: 4 sigma a side make 9 pixels.
    assert_eq!(data.psf.unwrap().width(), 9);
    assert!(matches!(files("").read(folder.path()).unwrap().noise, Noise::Sigma(_)));
}

/// What `work` says through `tracing::warn!`.
fn warnings<R>(work: impl FnOnce() -> R) -> (R, Vec<String>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let result = tracing::subscriber::with_default(Listener(lines.clone()), work);
    let lines = std::mem::take(&mut *lines.lock().unwrap());
    (result, lines)
}

struct Listener(Arc<Mutex<Vec<String>>>);

struct Message<'a>(&'a mut Vec<String>);

impl tracing::field::Visit for Message<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.push(format!("{value:?}"));
        }
    }
}

impl tracing::Subscriber for Listener {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Message(&mut self.0.lock().unwrap()));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}
