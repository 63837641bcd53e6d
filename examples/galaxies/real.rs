//! The real galaxies: the 112 rows of three small public catalogues of HST F814W, which no network was trained on.

use arclet::source::data::{Catalog, Stamp};

const CATALOGS: [&str; 3] = [
    "cosmos_hst_btk/real_galaxy_catalog_26_extension_example.fits",
    "cosmos_hst_paltas/real_galaxy_catalog_23.5.fits",
    "cosmos_hst_slsim/real_galaxy_catalog_23.5.fits",
];

/// A real galaxy before any preparation.
pub struct Real {
    pub magnitude: f64,
    pub stamp: Stamp,
}

/// All rows in their order; the catalogues are found by `ARCLET_DATA` (default `../shared`).
pub fn all() -> anyhow::Result<Vec<Real>> {
    let mut rows = Vec::new();
    for name in CATALOGS {
        let catalog = Catalog::open(test_data::folder().join("data/galaxies").join(name))?;
        for (entry, stamp) in catalog.entries().iter().zip(catalog.stamps()) {
            rows.push(Real { magnitude: entry.magnitude, stamp: stamp? });
        }
    }
    Ok(rows)
}
