//! Distances against `tests/data/cosmology.json`, which `scripts/golden/cosmology.py` made from astropy.

use lens_models::cosmology::Cosmology;
use serde_json::Value;

use crate::read::numbers;

#[test]
fn distances_and_what_follows_from_them_are_astropys() {
    let table: Value = serde_json::from_str(include_str!("../data/cosmology.json")).expect("the table is JSON");
    let rows = table["rows"].as_array().expect("a list");
    assert_eq!(rows.len(), 60);
    let mut worst = 0.0_f64;
    for row in rows {
        let cosmology = Cosmology::of(numbers(&row["cosmology"]));
        let [lens, source] = numbers(&row["z"]);
        let [d_l, d_s, d_ls] = numbers(&row["angular_diameter"]);
        let of = |name: &str| row[name].as_f64().expect("a number");
        let radius = 1.3;
        let length = radius * of("kpc_per_arcsec") * 1e-3;
        for (got, want) in [
            (cosmology.comoving_distance(0.0, source), of("comoving")),
            (cosmology.transverse_comoving_distance(0.0, source), of("transverse")),
            (cosmology.angular_diameter_distance(0.0, lens), d_l),
            (cosmology.angular_diameter_distance(0.0, source), d_s),
            (cosmology.angular_diameter_distance(lens, source), d_ls),
            (cosmology.luminosity_distance(source), of("luminosity")),
            (cosmology.critical_surface_density(lens, source), of("critical_surface_density")),
            (cosmology.time_delay_distance(lens, source), of("time_delay_distance")),
            (cosmology.delay(1.0, lens, source), of("days")),
            (cosmology.kpc_per_arcsec(lens), of("kpc_per_arcsec")),
            (
                cosmology.einstein_mass(radius, lens, source),
                std::f64::consts::PI * length * length * of("critical_surface_density"),
            ),
        ] {
            let error = (got / want - 1.0).abs();
            worst = worst.max(error);
            assert!(error < 1e-10, "{row}: {got} is not {want}");
        }
    }
    println!("worst relative difference {worst:.1e}");
}
