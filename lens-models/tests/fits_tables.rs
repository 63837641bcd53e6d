//! FITS tables, and files of many HDUs kept open.

mod by_hand;

use by_hand::{primary, raw_fits, with_table};
use lens_models::Error;
use lens_models::fits::{self, FitsFile, Image, NamedImage, Select};

#[test]
fn columns_of_a_table_are_read_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.fits");
    std::fs::write(&path, with_table()).unwrap();
    let table = fits::read_table(&path).unwrap();
    assert_eq!((table.rows(), table.has("mag"), table.has("magnitude")), (3, true, false));
    assert_eq!(table.integers("ident").unwrap(), [-7, 100_027, i64::from(i32::MAX)]);
    let magnitudes = table.floats("Mag").unwrap();
    assert!(magnitudes[1].is_nan() && magnitudes[0] == 20.913 && magnitudes[2] == -1e300);
    assert_eq!(table.floats("IDENT").unwrap()[0], -7.0);
    assert_eq!(table.integer_vectors("FIT_STATUS").unwrap(), [[1, 0], [-3, 5], [7, 8]]);
    assert_eq!(table.float_vectors("FIT_STATUS").unwrap()[1], [-3.0, 5.0]);
    assert_eq!(table.texts("name").unwrap(), ["a.fits", "", "12345678"]);
    assert_eq!(table.integers("flag").unwrap(), [1, 0, 1]);
    // The same from a file that is kept open, and from one compressed.
    assert_eq!(FitsFile::open(&path).unwrap().table(1).unwrap().integers("IDENT").unwrap()[1], 100_027);
    std::fs::write(&path, fitsio_pure::gzip::compress(&with_table(), 6)).unwrap();
    assert_eq!(fits::read_table(&path).unwrap().texts("NAME").unwrap()[2], "12345678");
}

#[test]
fn columns_that_do_not_serve_are_named_with_those_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.fits");
    let bytes = with_table();
    std::fs::write(&path, &bytes).unwrap();
    let table = fits::read_table(&path).unwrap();
    let error = table.floats("NOISE_VARIANCE").unwrap_err().to_string();
    let end = "table.fits, HDU 1 has no column `NOISE_VARIANCE`; its columns are IDENT, MAG, fit_status, NAME, FLAG";
    assert!(error.ends_with(end), "{error}");
    let error = table.integer_vectors::<5>("fit_status").unwrap_err().to_string();
    assert!(error.ends_with("column `fit_status` has the form '2I', but whole numbers are wanted, 5 a row"), "{error}");
    assert!(matches!(table.integers("MAG"), Err(Error::ColumnForm { form, .. }) if form == "1D"));
    assert!(matches!(table.floats("NAME"), Err(Error::ColumnForm { .. })));
    assert!(matches!(table.texts("MAG"), Err(Error::ColumnForm { wanted: "text", .. })));
    // A column wider than its row, and a file without a table.
    let mut wide = bytes.clone();
    let at = wide.windows(10).position(|text| text == b"TFORM4  = ").unwrap();
    wide[at + 10..at + 16].copy_from_slice(b"'999A'");
    std::fs::write(&path, wide).unwrap();
    let error = fits::read_table(&path).unwrap_err().to_string();
    assert!(error.contains("column 4 with TFORM4 = '999A' does not fit the rows of 25 bytes"), "{error}");
    std::fs::write(&path, raw_fits(&primary(8, &[2, 1], &[]), &[1, 2])).unwrap();
    let error = fits::read_table(&path).unwrap_err().to_string();
    assert!(error.ends_with("has no binary table where one is wanted; it has HDU 0 (image 2 x 1)"), "{error}");
    assert!(matches!(FitsFile::open(&path).unwrap().table(0), Err(Error::NoTable { .. })));
}

#[test]
fn unsigned_and_scaled_columns_are_read_as_what_they_mean() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.fits");
    let with_cards = |cards: [&str; 2]| {
        let mut bytes = with_table();
        for card in cards {
            let end = bytes.windows(8).rposition(|text| text == b"END     ").unwrap();
            bytes[end..end + 80].copy_from_slice(format!("{card:<80}").as_bytes());
            bytes[end + 80..end + 88].copy_from_slice(b"END     ");
        }
        std::fs::write(&path, bytes).unwrap();
        fits::read_table(&path).unwrap()
    };
    let unsigned = with_cards(["TZERO1  =           2147483648", "TSCAL2  =                  0.5"]);
    assert_eq!(unsigned.integers("IDENT").unwrap(), [2_147_483_641, 2_147_583_675, 4_294_967_295]);
    assert_eq!(unsigned.floats("MAG").unwrap()[0], 20.913 * 0.5);
    let scaled = with_cards(["TSCAL1  =                  0.5", "TZERO1  =                  1.0"]);
    assert_eq!(scaled.floats("IDENT").unwrap()[0], -2.5);
    assert!(matches!(scaled.integers("IDENT"), Err(Error::ColumnForm { .. })));
}

#[test]
fn a_file_kept_open_gives_the_images_that_a_fresh_one_gives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.fits");
    let images: Vec<Image> = (1..=30).map(|i| Image::new(i, 2, vec![i as f32; 2 * i]).unwrap()).collect();
    let named: Vec<_> = images.iter().map(|image| NamedImage { name: "", image, cards: vec![] }).collect();
    fits::write_images(&path, &named).unwrap();
    let mut file = FitsFile::open(&path).unwrap();
    assert_eq!((file.hdus(), file.path()), (30, path.as_path()));
    for hdu in [29, 0, 17, 3] {
        assert_eq!(file.image(hdu).unwrap(), images[hdu]);
        assert_eq!(fits::read_hdu(&path, Select::Index(hdu)).unwrap(), images[hdu]);
    }
    // A number too high is answered with how many there are, not with a list of all.
    let end = "many.fits has no HDU 30; it has 30 HDUs, HDU 0 (image 1 x 2) to HDU 29 (image 30 x 2)";
    for error in [file.image(30).unwrap_err(), fits::read_hdu(&path, Select::Index(30)).unwrap_err()] {
        assert!(error.to_string().ends_with(end), "{error}");
    }
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, fitsio_pure::gzip::compress(&bytes, 6)).unwrap();
    assert_eq!(FitsFile::open(&path).unwrap().image(12).unwrap(), images[12]);
    // One cut in the middle of its last image says so at once.
    std::fs::write(&path, &bytes[..bytes.len() - 2880 + 100]).unwrap();
    let error = FitsFile::open(&path).unwrap_err();
    assert!(matches!(error, Error::Truncated { hdu: 29, .. }), "{error}");
    std::fs::write(&path, with_table()).unwrap();
    let error = FitsFile::open(&path).unwrap().image(1).unwrap_err().to_string();
    assert!(error.ends_with("has no 2-d image where one is wanted; it has HDU 1 (table)"), "{error}");
    assert!(matches!(FitsFile::open(folder.path().join("none.fits")), Err(Error::MissingFile { .. })));
}
