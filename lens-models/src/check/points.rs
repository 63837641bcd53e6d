//! Where profiles are checked, and the differences that they are checked against.

use crate::parameter::{ProfileParameter, place};

/// Points of a sunflower about the centre of the image, from 0.15" to 3.5"; 83 so that the last chunk is a short one.
pub(super) fn sunflower() -> Vec<(f64, f64)> {
    let point = |k: u32| {
        let k = f64::from(k);
        let (sin, cos) = (2.399_963_229_728_653 * k).sin_cos();
        let r = 3.5 * ((k + 0.2) / 83.0).sqrt();
        // Rounded, so that the f32 and the f64 path see the same point.
        (f64::from((r * cos) as f32), f64::from((r * sin) as f32))
    };
    (0..83).map(point).collect()
}

/// The same in f32: x and y.
pub(super) fn as_f32(points: &[(f64, f64)]) -> (Vec<f32>, Vec<f32>) {
    points.iter().map(|&(x, y)| (x as f32, y as f32)).unzip()
}

/// The central difference of five points: its error is h^4 f^(5) / 30 and the rounding of f over h.
pub(super) fn difference(h: f64, f: impl Fn(f64) -> [f64; 2]) -> [f64; 2] {
    let [p2, p1, m1, m2] = [2.0, 1.0, -1.0, -2.0].map(|k| f(k * h));
    [0, 1].map(|i| (8.0 * (p1[i] - m1[i]) - (p2[i] - m2[i])) / (12.0 * h))
}

/// What each number of the parameters is called: `theta_E`, `z[3]`.
pub(super) fn names(table: &[ProfileParameter]) -> Vec<String> {
    let of = |p: &ProfileParameter| match p.size {
        1 => vec![p.name.to_owned()],
        size => (0..size).map(|i| format!("{}[{i}]", p.name)).collect(),
    };
    table.iter().flat_map(of).collect()
}

/// Points at and beside the centre of a profile, by less than any pixel, as f32 and as f64 have it.
pub(super) fn about_center(table: &[ProfileParameter], params: &[f64]) -> [(f64, f64); 4] {
    let of = |name: &str| place(table, name).map_or(0.0, |i| params[i]);
    [(0.0, 0.0), (1e-12, 0.0), (0.0, 1e-7), (-1e-5, 1e-5)].map(|(dx, dy)| (of("center_x") + dx, of("center_y") + dy))
}
