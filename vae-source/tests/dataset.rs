//! The file of a set of galaxies: back bit for bit, never half there, and one clear line for every way to spoil it.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::Value as Json;
use tempfile::TempDir;
use vae_source::data::{Dataset, Galaxy, Provenance, Source, Split, proportions};

fn provenance(seed: u64) -> Provenance {
    Provenance {
        source: Source::Catalogs(vec!["real_galaxy_catalog_23.5.fits".into(), "π.fits".into()]),
        seed,
        side: 4,
        min_side: 3,
        signal: [0.1, 1e300],
        seen: 99,
        dropped: [("too faint".to_owned(), 7)].into(),
        denoised: true,
        version: "0.1.0".into(),
    }
}

/// `n` galaxies of 4 x 4 pixels, no two alike.
fn dataset(n: usize) -> Dataset {
    let galaxy = |k: usize| Galaxy {
        ident: 100 + k as i64,
        side: 4,
        pixels: (0..16).map(|i| 1.0 - (16 * k + i) as f32 / 1e3).collect(),
        sigma_noise: 0.02 + k as f32 / 1e4,
        pixel_scale: 0.03 + k as f64 / 1e5,
    };
    Dataset::new((0..n).map(galaxy).collect(), provenance(5)).expect("galaxies without a fault")
}

fn written(dataset: &Dataset) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("galaxies.safetensors");
    dataset.write(&path).expect("a temporary folder can be written");
    (folder, path)
}

/// Reads it and wants one line that names the file and says all of `parts`.
#[track_caller]
fn refused(path: &Path, parts: &[&str]) {
    let line = Dataset::read(path).expect_err("a spoilt file").to_string();
    assert!(line.contains("galaxies.safetensors") && line.lines().count() == 1, "{line}");
    for part in parts {
        assert!(line.contains(part), "`{line}` does not say `{part}`");
    }
}

/// Rewrites the header of a file, its tensors left as they are.
fn change_header(path: &Path, change: impl FnOnce(&mut Json)) {
    let bytes = fs::read(path).expect("just written");
    let (size, rest) = bytes.split_first_chunk::<8>().expect("a length of 8 bytes");
    let (header, data) = rest.split_at(u64::from_le_bytes(*size) as usize);
    let mut header: Json = serde_json::from_slice(header).expect("the header is JSON");
    change(&mut header);
    let header = header.to_string();
    let whole = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat();
    fs::write(path, whole).expect("a temporary folder can be written");
}

/// Overwrites bytes of one tensor.
fn change_tensor(path: &Path, name: &str, at: usize, new: &[u8]) {
    let mut bytes = fs::read(path).expect("just written");
    let start = {
        let whole = SafeTensors::deserialize(&bytes).expect("just written");
        let view = whole.tensor(name).expect("a tensor of ours");
        view.data().as_ptr() as usize - bytes.as_ptr() as usize
    };
    bytes[start + at..][..new.len()].copy_from_slice(new);
    fs::write(path, bytes).expect("a temporary folder can be written");
}

proptest! {
    // Each case writes and reads a file.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_set_comes_back_bit_for_bit(
        side in 1_usize..6,
        seeds in prop::collection::vec((any::<i64>(), any::<u32>(), 1e-30_f32..1e30, 1e-300_f64..1e300, 0_usize..3), 1..9),
        seed: u64,
        denoised: bool,
    ) {
        // Any finite f32, -0 and subnormals among them.
        let pixel = |bits: u32| Some(f32::from_bits(bits)).filter(|v| v.is_finite()).unwrap_or(-0.0);
        let galaxies = seeds.iter().map(|&(ident, bits, sigma_noise, pixel_scale, _)| Galaxy {
            ident,
            side,
            pixels: (0..side * side).map(|i| pixel(bits.wrapping_mul(2 * i as u32 + 1))).collect(),
            sigma_noise,
            pixel_scale,
        }).collect();
        let splits = seeds.iter().map(|s| Split::ALL[s.4]).collect();
        let dataset = Dataset { galaxies, splits, provenance: Provenance { denoised, ..provenance(seed) } };
        let (_folder, path) = written(&dataset);
        let back = Dataset::read(&path).expect("just written");
        let bits = |d: &Dataset| -> Vec<(i64, u32, u64, Vec<u32>)> {
            let pixels = |g: &Galaxy| g.pixels.iter().map(|v| v.to_bits()).collect();
            d.galaxies.iter().map(|g| (g.ident, g.sigma_noise.to_bits(), g.pixel_scale.to_bits(), pixels(g))).collect()
        };
        prop_assert_eq!(bits(&back), bits(&dataset));
        prop_assert_eq!((back.splits, back.provenance), (dataset.splits, dataset.provenance));
    }
}

#[test]
fn a_set_is_split_in_proportion_and_each_part_is_listed_in_order() {
    let dataset = dataset(100);
    assert_eq!(dataset.counts(), proportions(100));
    let mut idents = vec![];
    for (part, count) in Split::ALL.into_iter().zip(dataset.counts()) {
        let of: Vec<i64> = dataset.of(part).map(|galaxy| galaxy.ident).collect();
        assert!(of.len() == count && of.is_sorted());
        idents.extend(of);
    }
    idents.sort_unstable();
    assert_eq!(idents, (100..200).collect::<Vec<i64>>());
}

#[test]
fn the_file_is_what_any_safetensors_reader_expects() {
    let dataset = dataset(7);
    let (_folder, path) = written(&dataset);
    let bytes = fs::read(&path).expect("just written");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let tensor = |name: &str| -> TensorView<'_> { file.tensor(name).expect(name) };
    let described = ["images", "sigma", "split", "pixel_scale", "ident"]
        .map(|name| (tensor(name).dtype(), tensor(name).shape().to_vec()));
    let expected = [
        (Dtype::F32, vec![7, 4, 4]),
        (Dtype::F32, vec![7]),
        (Dtype::U8, vec![7]),
        (Dtype::F64, vec![7]),
        (Dtype::I64, vec![7]),
    ];
    assert_eq!(described, expected);
    let codes: Vec<u8> = dataset.splits.iter().map(|split| *split as u8).collect();
    assert_eq!(tensor("split").data(), codes);
    let (length, metadata) = SafeTensors::read_metadata(&bytes).expect("a safetensors file");
    assert_eq!(length % 8, 0, "tensors are aligned");
    let words = metadata.metadata().clone().expect("metadata");
    assert_eq!(words["format"], "arclet-galaxies 1");
    let json: Json = serde_json::from_str(&words["provenance"]).expect("provenance is JSON");
    assert_eq!(json["source"]["catalogs"][0], "real_galaxy_catalog_23.5.fits");
    assert_eq!((&json["seed"], &json["dropped"]["too faint"]), (&5.into(), &7.into()));
}

#[test]
fn the_same_set_gives_the_same_bytes_and_replaces_an_older_file_in_one_step() {
    let (folder, path) = written(&dataset(20));
    let first = fs::read(&path).expect("just written");
    dataset(3).write(&path).expect("a temporary folder");
    assert_ne!(fs::read(&path).expect("just written"), first);
    dataset(20).write(&path).expect("a temporary folder");
    assert_eq!(fs::read(&path).expect("just written"), first);
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1, "no temporary file is left");
}

#[test]
fn what_cannot_be_written_leaves_nothing_and_says_where() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("none/galaxies.safetensors");
    let line = dataset(3).write(&path).expect_err("there is no such folder").to_string();
    assert!(line.starts_with("cannot write ") && line.contains("none/galaxies.safetensors"), "{line}");
    fs::create_dir(folder.path().join("galaxies.safetensors")).expect("a temporary folder");
    assert!(dataset(3).write(folder.path().join("galaxies.safetensors")).is_err());
    let left: Vec<_> = fs::read_dir(folder.path()).expect("it is there").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["galaxies.safetensors"]);
}

#[test]
fn a_set_with_a_fault_is_not_written() {
    let spoilt = |spoil: fn(&mut Dataset)| {
        let mut dataset = dataset(3);
        spoil(&mut dataset);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("galaxies.safetensors");
        let line = dataset.write(&path).expect_err("a set with a fault").to_string();
        assert!(!path.exists());
        line
    };
    assert!(spoilt(|d| d.splits.truncate(2)).contains("3 galaxies and 2 splits"));
    assert!(spoilt(|d| (d.galaxies, d.splits) = (vec![], vec![])).contains("no galaxy"));
    assert!(spoilt(|d| d.galaxies[1].side = 5).contains("galaxy 1 (IDENT 101): its side is 5"));
    assert!(spoilt(|d| d.galaxies[2].pixels.truncate(15)).contains("its number of pixels is 15"));
    assert!(spoilt(|d| d.galaxies[2].pixels[3] = f32::NAN).contains("galaxy 2 (IDENT 102): a pixel is NaN"));
    assert!(spoilt(|d| d.provenance.signal[1] = f64::INFINITY).contains("signal in the provenance = inf"));
    assert!(spoilt(|d| d.galaxies[0].sigma_noise = 0.0).contains("its sigma is 0"));
    assert!(spoilt(|d| d.galaxies[0].pixel_scale = f64::INFINITY).contains("its pixel_scale is inf"));
}

#[test]
fn files_that_are_missing_or_something_else_or_cut_short() {
    let (folder, path) = written(&dataset(3));
    let missing = folder.path().join("no.galaxies.safetensors");
    refused(&missing, &["cannot read", "No such file"]);
    let whole = fs::read(&path).expect("just written");
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).expect("a temporary folder");
        let said: &[&str] =
            if length < 9 { &["no safetensors file"] } else { &[&format!("{length} bytes"), "cut short"] };
        refused(&path, said);
    }
    fs::write(&path, [&whole[..], b"more"].concat()).expect("a temporary folder");
    refused(&path, &[&format!("{} bytes where its header needs {}", whole.len() + 4, whole.len())]);
    fs::write(&path, b"SIMPLE  =                    T / a FITS file").expect("a temporary folder");
    refused(&path, &["no safetensors file"]);
    fs::write(&path, [&0_u64.to_le_bytes()[..], b"{}"].concat()).expect("a temporary folder");
    refused(&path, &["no safetensors file"]);
    fs::write(&path, [&9_u64.to_le_bytes()[..], b"{\"a\": 1,}"].concat()).expect("a temporary folder");
    refused(&path, &["header is damaged"]);
}

#[test]
fn bytes_flipped_in_the_header_are_an_error_or_nothing_and_never_a_panic() {
    let (_folder, path) = written(&dataset(3));
    let whole = fs::read(&path).expect("just written");
    let header = 8 + u64::from_le_bytes(*whole.first_chunk().expect("8 bytes")) as usize;
    for k in 0..header {
        for bit in [0, 2, 6] {
            let mut bytes = whole.clone();
            bytes[k] ^= 1 << bit;
            fs::write(&path, bytes).expect("a temporary folder");
            if let Ok(back) = Dataset::read(&path) {
                assert_eq!(
                    back.galaxies,
                    dataset(3).galaxies,
                    "only words of the provenance may change unseen (byte {k})"
                );
            }
        }
    }
}

#[test]
fn metadata_of_another_kind_or_version() {
    let change = |change: fn(&mut Json), parts: &[&str]| {
        let (_folder, path) = written(&dataset(3));
        change_header(&path, change);
        refused(&path, parts);
    };
    change(
        |h| h["__metadata__"]["format"] = "arclet-galaxies 2".into(),
        &["\"arclet-galaxies 2\"", "\"arclet-galaxies 1\""],
    );
    change(|h| drop(h.as_object_mut().map(|h| h.remove("__metadata__"))), &["`format` is missing"]);
    change(|h| h["__metadata__"]["provenance"] = "{".into(), &["provenance"]);
    change(|h| h["__metadata__"]["provenance"] = "{\"seed\": 1}".into(), &["provenance", "missing field"]);
}

#[test]
fn tensors_that_are_missing_or_of_another_type_or_shape() {
    let change = |change: &dyn Fn(&mut Json), parts: &[&str]| {
        let (_folder, path) = written(&dataset(4));
        change_header(&path, change);
        refused(&path, parts);
    };
    for name in ["images", "sigma", "split", "pixel_scale", "ident"] {
        let rename = |h: &mut Json| {
            let info = h[name].take();
            h.as_object_mut().map(|h| h.remove(name));
            h["other"] = info;
        };
        change(&rename, &[&format!("no tensor `{name}`")]);
        let reshape = |h: &mut Json| {
            h[name]["shape"] =
                serde_json::json!([if name == "images" { 64 } else { 2 }, if name == "images" { 1 } else { 2 }])
        };
        change(&reshape, &[&format!("`{name}` is "), "is wanted"]);
    }
    change(
        &|h| h["images"]["shape"] = serde_json::json!([4, 2, 8]),
        &["`images` is F32 [4, 2, 8]", "F32 [n, side, side]"],
    );
    change(&|h| h["images"]["shape"] = serde_json::json!([1, 8, 8]), &["`ident` is I64 [4]", "I64 [1]"]);
    change(&|h| h["ident"]["dtype"] = "F64".into(), &["`ident` is F64 [4]", "I64 [4]"]);
    change(&|h| h["split"]["dtype"] = "I8".into(), &["`split` is I8 [4]", "U8 [4]"]);
    // A shape that does not fill its bytes is a damaged header.
    change(&|h| h["images"]["shape"] = serde_json::json!([1u64 << 60, 4, 4]), &["header is damaged"]);
    change(&|h| h["sigma"]["data_offsets"] = serde_json::json!([0, 16]), &["header is damaged"]);
}

#[test]
fn values_that_no_galaxy_has() {
    let change = |name: &str, at: usize, new: &[u8], parts: &[&str]| {
        let (_folder, path) = written(&dataset(3));
        change_tensor(&path, name, at, new);
        refused(&path, parts);
    };
    change("images", 4 * 17, &f32::NAN.to_le_bytes(), &["galaxy 1 (IDENT 101)", "a pixel is NaN"]);
    change("split", 2, &[3], &["galaxy 2 (IDENT 102) has split 3", "validation"]);
    change("sigma", 0, &(-1.0_f32).to_le_bytes(), &["galaxy 0 (IDENT 100)", "sigma is -1"]);
    change("pixel_scale", 8, &f64::NAN.to_le_bytes(), &["galaxy 1 (IDENT 101)", "pixel_scale is NaN"]);
}
