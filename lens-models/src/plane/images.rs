//! Images of a point source: all of them, by cells that are halved where an image may be, and Newton's method.

use super::turns::{HOLE, turns_of_centers, turns_of_square};
use super::{LensMapping, Ray, Square};
use crate::error::{Error, Result};

/// One image of a point source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointImage {
    /// Where it is, arcsec.
    pub position: [f64; 2],
    /// The signed magnification 1 / det A: negative at a saddle of the arrival time.
    pub magnification: f64,
    /// The Fermat potential |theta - beta|^2 / 2 - psi, arcsec^2: what the arrival time is proportional to.
    pub fermat: f64,
}

/// Cells along the side of the square, tried until the images add up.
const CELLS: [usize; 3] = [12, 40, 120];
/// How much larger than its estimate the second-order term of the map may be in a cell that is given up.
const SAFETY: f64 = 3.0;
/// Halves of a cell below this are not cut any more, arcsec; beside a centre, below the other.
const FINEST: f64 = 4e-9;
const FINEST_BESIDE: f64 = 5e-8;
/// Fainter images are left out: the central ones of nearly isothermal mass.
const FAINTEST: f64 = 1e-8;
/// Images of one parity that are nearer than this are one, arcsec.
const SAME: f64 = 1e-8;
/// More cells than this at a time are no image but a ring.
const CROWD: usize = 20_000;

/// A square of the plane of the lens, with the ray of its centre.
#[derive(Clone, Copy)]
struct Cell {
    center: [f64; 2],
    half: f64,
    ray: Ray,
    /// An estimate of how fast A changes in it, 1 / arcsec.
    bend: f64,
}

/// A square about the source that holds the centres of the mass and all images: from its border to 1000 arcsec, rays meet the plane of
/// the source further from it than two fifths of their own distance.
pub fn square_of_images(map: &dyn LensMapping, source: [f64; 2], centers: &[[f64; 2]]) -> Square {
    const STEP: f64 = 1.2;
    let away = |p: &[f64; 2]| (p[0] - source[0]).abs().max((p[1] - source[1]).abs());
    let least = centers.iter().map(away).fold(0.25, f64::max);
    let far = |radius: f64| {
        let on_ring = (0..64).map(|k| {
            let (sin, cos) = (std::f64::consts::TAU * f64::from(k) / 64.0).sin_cos();
            [source[0] + radius * cos, source[1] + radius * sin]
        });
        let points: Vec<[f64; 2]> = on_ring.collect();
        let off = |ray: &Ray| (ray.position[0] - source[0]).hypot(ray.position[1] - source[1]) > 0.4 * radius;
        map.rays(&points).iter().all(off)
    };
    let mut half_width = 1e3;
    while half_width > least && far(half_width) {
        half_width /= STEP;
    }
    Square { center: source, half_width: 1.5 * half_width, cells: CELLS[0] }
}

/// All images of a point source within a square, those that arrive first in front; `centers` are those of the mass profiles, where they
/// are seen. Positions are good to the rounding of the lens equation: 1e-12 arcsec, and the root of it for two that merge.
///
/// Cells of the square are halved as long as the map at their centre, with three times its second-order term, may bring the source
/// into them, until the map is one to one in them; there Newton's method begins. The parities of the images that are
/// found are held to the turns that beta - source makes along the border of the square and about the singular centres (2e-6 arcsec
/// around, within which no image is looked for): where they do not add up, the cells are made smaller.
///
/// ```
/// use lens_models::{mass::{MassSum, Sis}, plane::{Lens, images, square_of_images}};
///
/// let mass = MassSum::new([&Sis as _]);
/// let (lens, centers) = (Lens::new(&mass, &[1.0, 0.0, 0.0]), [[0.0, 0.0]]);
/// let found = images(&lens, [0.2, 0.0], square_of_images(&lens, [0.2, 0.0], &centers), &centers)?;
/// assert!((found[0].position[0] - 1.2).abs() < 1e-12 && (found[1].position[0] + 0.8).abs() < 1e-12);
/// assert!((found[0].magnification - 6.0).abs() < 1e-10 && (found[1].magnification + 4.0).abs() < 1e-10);
/// # Ok::<(), lens_models::Error>(())
/// ```
///
/// # Errors
/// Images that do not add up with the smallest cells: those of a source on a caustic or a ring.
pub fn images(
    map: &dyn LensMapping,
    source: [f64; 2],
    square: Square,
    centers: &[[f64; 2]],
) -> Result<Vec<PointImage>> {
    let singular: Vec<[f64; 2]> = centers.iter().copied().filter(|center| is_singular(map, *center)).collect();
    let wanted = turns_of_square(map, source, square) - turns_of_centers(map, source, &singular);
    let mut found = 0;
    for cells in CELLS {
        let square = Square { cells: cells.max(square.cells), ..square };
        let Some(mut images) = images_by_cells(map, source, square, centers, &singular) else { continue };
        found = images.len();
        let sum: f64 = images.iter().map(|image| image.magnification.signum()).sum();
        if sum == f64::from(wanted) {
            images.retain(|image| image.magnification.abs() > FAINTEST);
            images.sort_by(|a, b| a.fermat.total_cmp(&b.fermat));
            return Ok(images);
        }
    }
    Err(Error::ImagesDoNotAddUp { x: source[0], y: source[1], found, wanted })
}

/// Whether the deflection jumps at a centre.
fn is_singular(map: &dyn LensMapping, [x, y]: [f64; 2]) -> bool {
    let [right, left] = [HOLE, -HOLE].map(|dx| map.ray([x + dx, y]).position[0] - dx);
    let jump = (right - left).abs();
    jump.is_nan() || jump >= 1e-3
}

/// The images that cells of one size lead to; none where there are too many cells, as for a ring.
fn images_by_cells(
    map: &dyn LensMapping,
    source: [f64; 2],
    square: Square,
    centers: &[[f64; 2]],
    singular: &[[f64; 2]],
) -> Option<Vec<PointImage>> {
    let mut found: Vec<PointImage> = vec![];
    let mut open = grid(map, square);
    while !open.is_empty() {
        if open.len() > CROWD {
            return None;
        }
        let mut next = vec![];
        for (cell, children) in open.iter().zip(halved(map, &open)) {
            // The estimate is that of four differences over half a diagonal; one of a larger cell may know more.
            let step = std::f64::consts::FRAC_1_SQRT_2 * cell.half;
            let bend = children.iter().map(|child| change(&child.ray, &cell.ray) / step).fold(0.0, f64::max);
            for child in children.map(|child| Cell { bend: bend.max(0.5 * cell.bend), ..child }) {
                let beside = centers.iter().any(|center| child.is_beside(*center));
                if !beside && !child.may_hold(source) {
                    continue;
                }
                let finest = if beside { FINEST_BESIDE } else { FINEST };
                if child.half > finest && (beside || !child.is_one_to_one()) {
                    next.push(child);
                } else if let Some(image) = image_near(map, source, child.start(source)) {
                    let [x, y] = image.position;
                    let near = |p: &[f64; 2]| (p[0] - x).hypot(p[1] - y);
                    let outside = (x - square.center[0]).abs().max((y - square.center[1]).abs()) > square.half_width;
                    let known = |other: &PointImage| {
                        near(&other.position) < SAME && other.magnification.signum() == image.magnification.signum()
                    };
                    if !outside && !singular.iter().any(|c| near(c) < HOLE) && !found.iter().any(known) {
                        found.push(image);
                    }
                }
            }
        }
        open = next;
    }
    Some(found)
}

/// The cells of a square, each with nothing known of its bend.
fn grid(map: &dyn LensMapping, Square { center, half_width, cells }: Square) -> Vec<Cell> {
    let half = half_width / cells as f64;
    let along = |i: usize, center: f64| center - half_width + (2 * i + 1) as f64 * half;
    let places = (0..cells * cells).map(|k| [along(k % cells, center[0]), along(k / cells, center[1])]);
    cells_at(map, places.collect(), half)
}

fn cells_at(map: &dyn LensMapping, places: Vec<[f64; 2]>, half: f64) -> Vec<Cell> {
    let rays = map.rays(&places);
    places.into_iter().zip(rays).map(|(center, ray)| Cell { center, half, ray, bend: 0.0 }).collect()
}

/// The four quarters of every cell; all cells are of one size.
fn halved(map: &dyn LensMapping, cells: &[Cell]) -> Vec<[Cell; 4]> {
    let half = cells.first().map_or(0.0, |cell| 0.5 * cell.half);
    let quarters = [[-half, -half], [half, -half], [-half, half], [half, half]];
    let places = cells.iter().flat_map(|c| quarters.map(|[dx, dy]| [c.center[0] + dx, c.center[1] + dy]));
    let all = cells_at(map, places.collect(), half);
    all.as_chunks::<4>().0.to_vec()
}

/// The image that Newton's method finds from a start near it, each step halved until it brings the ray nearer to the source; none where it
/// does not get there.
pub fn image_near(map: &dyn LensMapping, source: [f64; 2], start: [f64; 2]) -> Option<PointImage> {
    let off = |ray: &Ray| [0, 1].map(|i| source[i] - ray.position[i]);
    let length = |v: [f64; 2]| v[0].hypot(v[1]);
    let (mut p, mut ray) = (start, map.ray(start));
    let mut rest = off(&ray);
    for _ in 0..60 {
        let mut step = ray.seen(rest)?;
        // A step across the lens says nothing: the map is no plane over that far.
        let longest = 0.3 * (length(deflection(p, &ray)) + length(rest));
        let shrink = (longest / length(step)).min(1.0);
        step = step.map(|s| shrink * s);
        let mut halvings = 0;
        let (q, next, ahead) = loop {
            let q = [p[0] + step[0], p[1] + step[1]];
            let next = map.ray(q);
            let ahead = off(&next);
            if length(ahead) < length(rest) {
                break (q, next, ahead);
            }
            halvings += 1;
            if halvings > 8 {
                return image(map, source, p, &ray, length(rest));
            }
            step = step.map(|s| 0.5 * s);
        };
        (p, ray, rest) = (q, next, ahead);
        if rest == [0.0, 0.0] {
            break;
        }
    }
    image(map, source, p, &ray, length(rest))
}

/// The image at a place whose ray misses the source by `rest`; none where that is more than rounding.
fn image(map: &dyn LensMapping, source: [f64; 2], p: [f64; 2], ray: &Ray, rest: f64) -> Option<PointImage> {
    let (distance, [ax, ay]) = (p[0].hypot(p[1]), deflection(p, ray));
    // Of the deflection, and of the place itself, which counts beside a steep centre.
    let rounding = 1e-13 * (1.0 + distance + ax.hypot(ay)) + 1e-15 * distance * ray.norm();
    let found = || PointImage { position: p, magnification: ray.magnification(), fermat: map.fermat(p, source) };
    (rest <= rounding).then(found)
}

/// theta - beta of a ray that is seen at p.
fn deflection(p: [f64; 2], ray: &Ray) -> [f64; 2] {
    [0, 1].map(|i| p[i] - ray.position[i])
}

/// How much A differs between two points.
fn change(a: &Ray, b: &Ray) -> f64 {
    let entries = a.jacobian.as_flattened().iter().zip(b.jacobian.as_flattened());
    entries.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

impl Cell {
    /// Whether a point is in it or nearer than half of its width.
    fn is_beside(&self, [x, y]: [f64; 2]) -> bool {
        (x - self.center[0]).abs().max((y - self.center[1]).abs()) <= 2.0 * self.half
    }

    /// From the centre's ray to the source.
    fn rest(&self, source: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|i| source[i] - self.ray.position[i])
    }

    /// Whether the source may be in the image of the cell, a parallelogram widened by the second-order term K h^2: no line along one of
    /// its sides, nor one across the way to the source, parts the two.
    fn may_hold(&self, source: [f64; 2]) -> bool {
        let rest = self.rest(source);
        let wide = SAFETY * self.bend * self.half * self.half;
        let [[a, b], [c, d]] = self.ray.jacobian;
        let across = |[x, y]: [f64; 2]| {
            let length = x.hypot(y);
            let along = |v: [f64; 2]| (x * v[0] + y * v[1]).abs();
            // A side of no length parts nothing.
            length == 0.0 || along(rest) <= self.half * (along([a, c]) + along([b, d])) + wide * length
        };
        // NaN on the way, of a lens outside of its support, holds nothing.
        across([-c, a]) && across([-d, b]) && across(rest)
    }

    /// Whether A changes so little in the cell that the map is one to one there, and Newton's method sure to find what is in it.
    fn is_one_to_one(&self) -> bool {
        // The larger of the singular values is at most the norm of all entries.
        let least = self.ray.det_jacobian().abs() / self.ray.norm();
        SAFETY * self.bend * self.half < 0.3 * least
    }

    /// Where the linear map has the source; not outside of the cell.
    fn start(&self, source: [f64; 2]) -> [f64; 2] {
        let step = self.ray.seen(self.rest(source)).unwrap_or_default();
        [0, 1].map(|i| self.center[i] + step[i].clamp(-self.half, self.half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::{Epl, MassProfile, MassSum, Nie, PointMass, Shear, Sis};
    use crate::plane::{Lens, critical_curves};

    fn behind(profiles: &[&'static dyn MassProfile], params: &[f64], source: [f64; 2]) -> Result<Vec<PointImage>> {
        let mass = MassSum::new(profiles.iter().copied());
        let lens = Lens::new(&mass, params);
        let centers = [[0.0, 0.0]];
        images(&lens, source, square_of_images(&lens, source, &centers), &centers)
    }

    #[test]
    fn the_isothermal_sphere_has_two_images_inside_its_cut_and_one_outside() {
        for beta in [1e-6, 0.2, 0.999, 1.001, 3.0] {
            let found = behind(&[&Sis], &[1.0, 0.0, 0.0], [0.6 * beta, 0.8 * beta]).unwrap();
            let want: &[f64] = if beta < 1.0 { &[beta + 1.0, beta - 1.0] } else { &[beta + 1.0] };
            assert_eq!(found.len(), want.len(), "{beta}: {found:?}");
            for (image, r) in found.iter().zip(want) {
                let [x, y] = image.position;
                // The rounding of the equation, magnified.
                let error = 1e-13 + 3e-16 / beta;
                assert!((x - 0.6 * r).abs() < error && (y - 0.8 * r).abs() < error, "{beta}: {image:?}");
                assert!((image.magnification * (1.0 - 1.0 / r.abs()) - 1.0).abs() < 1e-8, "{beta}: {image:?}");
                assert!((image.fermat - (0.5 - r.abs())).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_point_mass_has_two_images_however_faint_the_second() {
        for beta in [1e-4, 0.5, 3.0, 30.0_f64] {
            let found = behind(&[&PointMass], &[1.0, 0.0, 0.0], [beta, 0.0]).unwrap();
            let root = (beta * beta + 4.0).sqrt();
            assert_eq!(found.len(), 2, "{beta}: {found:?}");
            assert!((found[0].position[0] - 0.5 * (beta + root)).abs() < 1e-12 * root);
            assert!((found[1].position[0] - 0.5 * (beta - root)).abs() < 1e-12 * root);
        }
    }

    #[test]
    fn a_cored_lens_has_an_odd_number_of_images_and_its_central_one() {
        for (source, count) in [([0.01, 0.02], 5), ([0.0, 0.0], 5), ([0.4, 0.3], 3), ([2.0, 1.0], 1)] {
            let found = behind(&[&Nie, &Shear], &[1.2, 0.2, -0.1, 0.08, 0.0, 0.0, 0.03, 0.02], source).unwrap();
            assert_eq!(found.len(), count, "{source:?}: {found:?}");
        }
    }

    #[test]
    fn images_that_merge_are_told_apart_up_to_the_fold() {
        let mass = MassSum::new([&Epl as _, &Shear as _]);
        let params = [1.2, 1.9, 0.15, 0.05, 0.0, 0.0, 0.04, 0.01];
        let lens = Lens::new(&mass, &params);
        let square = Square { center: [0.0, 0.0], half_width: 2.0, cells: 100 };
        let critical = critical_curves(&lens, square);
        let tangential = critical.iter().max_by(|a, b| a.area().total_cmp(&b.area())).unwrap();
        for k in [3, 40, 111] {
            let [x, y] = tangential.points[k];
            let [bx, by] = lens.beta(x, y);
            for inwards in [1e-2, 1e-4, 1e-8, 1e-12] {
                let inside = behind(&[&Epl, &Shear], &params, [bx * (1.0 - inwards), by * (1.0 - inwards)]).unwrap();
                let outside = behind(&[&Epl, &Shear], &params, [bx * (1.0 + inwards), by * (1.0 + inwards)]).unwrap();
                assert_eq!((inside.len(), outside.len()), (4, 2), "{k} {inwards}: {inside:?} {outside:?}");
            }
        }
    }

    #[test]
    fn a_ring_is_refused_in_one_line() {
        let error = behind(&[&Sis], &[1.0, 0.0, 0.0], [0.0, 0.0]).unwrap_err().to_string();
        assert!(error.contains("do not add up") && error.contains("ring"), "{error}");
    }
}
