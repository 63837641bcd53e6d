//! Images, arrival times, critical curves and caustics through several planes against `tests/data/plane_mapping.json`, which
//! `scripts/golden/plane_mapping.py` made with lenstronomy.

use lens_models::cosmology::Cosmology;
use lens_models::mass::MassSum;
use lens_models::plane::{
    Curve, LensMapping, Planes, Square, caustics, einstein_radius, images, smooth_critical_curves, square_of_images,
};
use lens_models::profiles::Profiles;
use serde_json::Value;

use crate::read::numbers;

fn table() -> Value {
    serde_json::from_str(include_str!("../data/plane_mapping.json")).expect("the table is JSON")
}

fn list<const N: usize>(value: &Value) -> Vec<[f64; N]> {
    value.as_array().expect("a list").iter().map(numbers).collect()
}

/// The lenses of a row and the redshift of its source.
fn planes(row: &Value) -> (Planes, f64) {
    let profiles = Profiles::standard();
    let layer = |lens: &Value| {
        let profile = profiles.mass(lens[0].as_str().expect("a name")).expect("a profile");
        let params = profile.parameters().iter().map(|p| lens[2][p.name].as_f64().expect("a number")).collect();
        (lens[1].as_f64().expect("a number"), MassSum::new([profile]), params)
    };
    let layers = row["lens"].as_array().expect("a list").iter().map(layer).collect();
    let z = row["z_source"].as_f64().expect("a number");
    (Planes::new(Cosmology::of(numbers(&row["cosmology"])), z, layers), z)
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[test]
fn all_images_through_two_and_three_planes_are_lenstronomys_and_arrive_when_its_do() {
    let table = table();
    let faint = table["faint"].as_f64().expect("a number");
    let rows = table["rows"].as_array().expect("a list");
    let ([mut position, mut residual, mut magnified, mut days], mut count, mut missed) = ([0.0_f64; 4], 0, 0);
    for (number, row) in rows.iter().enumerate() {
        let (planes, z) = planes(row);
        let map = planes.to(z);
        let (source, centers) = (numbers(&row["source"]), map.centers());
        let found = images(&map, source, square_of_images(&map, source, &centers), &centers);
        let found = found.unwrap_or_else(|error| panic!("row {number}: {error}"));
        for image in &found {
            residual = residual.max(distance(map.ray(image.position).position, source));
        }
        assert!(found.is_sorted_by(|a, b| a.fermat <= b.fermat));
        let bright: Vec<_> = found.iter().filter(|image| image.magnification.abs() > faint).collect();
        let wanted: Vec<[f64; 4]> = list(&row["images"]);
        count += wanted.len();
        missed += bright.len() - wanted.len();
        let near = |[x, y, ..]: &[f64; 4]| {
            let off = |p: [f64; 2]| distance(p, [*x, *y]);
            bright.iter().min_by(|a, b| off(a.position).total_cmp(&off(b.position))).expect("an image")
        };
        let first = near(&wanted[0]).fermat;
        for want @ [x, y, magnification, time] in &wanted {
            let image = near(want);
            position = position.max(distance(image.position, [*x, *y]));
            let off = (image.magnification / magnification - 1.0).abs();
            // It grows with its own square on the way to a fold.
            magnified = magnified.max(off / magnification.abs().max(1.0));
            days = days.max((map.delay(image.fermat - first) - (time - wanted[0][3])).abs());
        }
    }
    println!(
        "{count} images of {} sources; worst: {position:.1e} arcsec, ray {residual:.1e} arcsec, magnification {magnified:.1e}, delay {days:.1e} days",
        rows.len()
    );
    println!("{missed} images that the table lacks");
    assert_eq!(missed, 0);
    // The rounding of rays is that of each plane, stretched by those behind it.
    assert!(position < 1e-12 && residual < 1e-11 && magnified < 1e-9);
    // Of delays of up to 500 days, which are sums over the planes.
    assert!(days < 1e-6);
}

/// How far a place is from the chords of a curve.
fn off(curve: &Curve, p: [f64; 2]) -> f64 {
    let next = curve.points.iter().cycle().skip(1);
    let chord = |(a, b): (&[f64; 2], &[f64; 2])| {
        let (along, to) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
        let part = (along[0] * to[0] + along[1] * to[1]) / along[0].hypot(along[1]).powi(2).max(f64::MIN_POSITIVE);
        let part = part.clamp(0.0, 1.0);
        distance(p, [a[0] + part * along[0], a[1] + part * along[1]])
    };
    curve.points.iter().zip(next).map(chord).fold(f64::INFINITY, f64::min)
}

#[test]
fn critical_curves_and_caustics_through_several_planes_are_lenstronomys() {
    let table = table();
    let rows = table["rows"].as_array().expect("a list").iter().filter(|row| row.get("curves").is_some());
    let ([mut det, mut ray, mut chord, mut area, mut radius], mut count) = ([0.0_f64; 5], 0);
    for row in rows {
        let (planes, z) = planes(row);
        let map = planes.to(z);
        let ring = einstein_radius(&map, [0.0, 0.0]).expect("a radius");
        radius = radius.max((ring - row["einstein_radius"].as_f64().expect("a number")).abs());
        let square = Square { center: [0.0, 0.0], half_width: 3.0, cells: 200 };
        let critical = smooth_critical_curves(&map, square, &map.centers());
        let caustics = caustics(&map, &critical);
        for curve in critical.iter().flat_map(|curve| &curve.points) {
            assert!(map.ray(*curve).det_jacobian().abs() < 1e-6);
        }
        let wanted = row["curves"].as_array().expect("a list");
        // Its grid does not show curves of a few cells.
        assert!(critical.iter().filter(|curve| curve.extent() > 0.3).count() <= wanted.len());
        for want in wanted {
            count += 1;
            let on: Vec<[f64; 2]> = list(&want["critical"]);
            let (k, ours) = critical
                .iter()
                .enumerate()
                .min_by(|(_, a), (_, b)| off(a, on[0]).total_cmp(&off(b, on[0])))
                .expect("a curve");
            for (seen, beta) in on.iter().zip(list(&want["caustic"])) {
                let at = map.ray(*seen);
                det = det.max(at.det_jacobian().abs());
                ray = ray.max(distance(at.position, beta));
                let off = [off(ours, *seen) / ours.extent(), off(&caustics[k], beta) / caustics[k].extent()];
                chord = chord.max(off[0]).max(off[1]);
            }
            area = area.max((ours.area() / want["area"].as_f64().expect("a number") - 1.0).abs());
        }
    }
    println!(
        "{count} curves; worst: det A {det:.1e}, caustic {ray:.1e} arcsec; chords {chord:.1e} of a curve, areas {area:.1e}; Einstein radius {radius:.1e} arcsec"
    );
    // Its points are roots of differences over 2e-4 arcsec. Chords leave a curve by 2e-4 of its length, and more at the turn of a cusp; the
    // areas of its contours are those of a grid of 0.01 arcsec.
    assert!(radius < 1e-9);
    assert!(count >= 12 && det < 1e-7 && ray < 1e-11 && chord < 5e-4 && area < 1e-2);
}
