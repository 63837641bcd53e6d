//! Regions of SAOImage DS9, as a mask.

use std::path::Path;

use crate::error::{Error, Result};
use crate::fits::Image;

/// A shape on the pixels of an image, whose first pixel has its centre at (1, 1), as DS9 counts.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Circle {
        center: [f64; 2],
        radius: f64,
    },
    Annulus {
        center: [f64; 2],
        radii: [f64; 2],
    },
    /// Half axes, and the angle of the first from +x in degrees.
    Ellipse {
        center: [f64; 2],
        radii: [f64; 2],
        angle: f64,
    },
    /// Whole sides.
    Box {
        center: [f64; 2],
        sides: [f64; 2],
        angle: f64,
    },
    Polygon(Vec<[f64; 2]>),
}

impl Shape {
    fn holds(&self, point: [f64; 2]) -> bool {
        let from = |center: &[f64; 2]| [point[0] - center[0], point[1] - center[1]];
        let turned = |center: &[f64; 2], angle: f64| {
            let ([x, y], (sin, cos)) = (from(center), angle.to_radians().sin_cos());
            [cos * x + sin * y, cos * y - sin * x]
        };
        match self {
            Shape::Circle { center, radius } => from(center)[0].hypot(from(center)[1]) <= *radius,
            Shape::Annulus { center, radii } => (radii[0]..=radii[1]).contains(&from(center)[0].hypot(from(center)[1])),
            Shape::Ellipse { center, radii, angle } => {
                let [u, v] = turned(center, *angle);
                (u / radii[0]).hypot(v / radii[1]) <= 1.0
            }
            Shape::Box { center, sides, angle } => {
                let [u, v] = turned(center, *angle);
                2.0 * u.abs() <= sides[0] && 2.0 * v.abs() <= sides[1]
            }
            Shape::Polygon(corners) => {
                // How often a ray to the right crosses an edge.
                let edges = corners.iter().zip(corners.iter().cycle().skip(1));
                let crossed = edges.filter(|(a, b)| {
                    (a[1] > point[1]) != (b[1] > point[1])
                        && point[0] < a[0] + (point[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
                });
                crossed.count() % 2 == 1
            }
        }
    }
}

/// Whether a file is one of regions, by its name.
pub(crate) fn is_region(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("reg"))
}

/// The mask of a region file for an image of this size: 1 where a pixel's centre is used, else 0.
///
/// A pixel is used that lies in one of the regions, or, where the file has none but regions with a minus sign, that lies anywhere; and
/// that lies in none of those with a minus sign. `circle`, `annulus`, `ellipse`, `box` and `polygon` are read, in `image` or `physical`
/// coordinates.
///
/// # Errors
/// [`Error::Io`] for a file that cannot be read, [`Error::Region`] for a line that is no such region.
pub(crate) fn read(path: &Path, (width, height): (usize, usize)) -> Result<Image> {
    let text = std::fs::read_to_string(path).map_err(|cause| Error::io(path, "read", cause))?;
    let (mut used, mut unused) = (vec![], vec![]);
    for (number, line) in text.lines().enumerate() {
        let refused = |fix| Error::Region { path: path.to_owned(), line: number + 1, fix };
        // What follows a # is how the region looks.
        for part in line.split('#').next().unwrap_or_default().split(';').map(str::trim).filter(|part| !part.is_empty())
        {
            let lower = part.to_ascii_lowercase();
            if lower == "image" || lower == "physical" || lower.starts_with("global") {
                continue;
            }
            let (minus, name) = match lower.strip_prefix('-') {
                Some(rest) => (true, rest),
                None => (false, lower.strip_prefix('+').unwrap_or(&lower)),
            };
            let shape = shape(name).map_err(refused)?;
            if minus { unused.push(shape) } else { used.push(shape) }
        }
    }
    if used.is_empty() && unused.is_empty() {
        return Err(Error::Region { path: path.to_owned(), line: text.lines().count(), fix: "it has no region" });
    }
    let value = |i: usize| {
        let point = [(i % width + 1) as f64, (i / width + 1) as f64];
        let inside = |shapes: &[Shape]| shapes.iter().any(|shape| shape.holds(point));
        f32::from(u8::from((used.is_empty() || inside(&used)) && !inside(&unused)))
    };
    Image::new(width, height, (0..width * height).map(value).collect())
}

/// The shape of one line, in lower case: `circle(100, 101.5, 20)` or `circle 100 101.5 20`.
fn shape(line: &str) -> std::result::Result<Shape, &'static str> {
    const COORDINATES: &str = "save the regions in `image` coordinates (DS9: Region > Save, coordinate system image)";
    const KINDS: &str = "give a circle, annulus, ellipse, box or polygon of numbers";
    if ["fk4", "fk5", "icrs", "galactic", "ecliptic", "wcs", "linear", "amplifier", "detector"].contains(&line) {
        return Err(COORDINATES);
    }
    let end = line.find(|c: char| !c.is_ascii_alphabetic()).ok_or(KINDS)?;
    let (kind, rest) = line.split_at(end);
    let rest =
        rest.trim().strip_prefix('(').map_or(Some(rest), |rest| rest.trim_end().strip_suffix(')')).ok_or(KINDS)?;
    let words = rest.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    let mut numbers = vec![];
    for word in words {
        // A suffix is a unit, and a colon of the sky: 12:30:01.2, 3.5\".
        let number: f64 = word.parse().map_err(|_| COORDINATES)?;
        if !number.is_finite() {
            return Err(KINDS);
        }
        numbers.push(number);
    }
    Ok(match (kind, &numbers[..]) {
        ("circle", &[x, y, radius]) => Shape::Circle { center: [x, y], radius },
        ("annulus", &[x, y, inner, outer]) => Shape::Annulus { center: [x, y], radii: [inner, outer] },
        ("ellipse", &[x, y, a, b, angle]) => Shape::Ellipse { center: [x, y], radii: [a, b], angle },
        ("box", &[x, y, a, b, angle]) => Shape::Box { center: [x, y], sides: [a, b], angle },
        ("box", &[x, y, a, b]) => Shape::Box { center: [x, y], sides: [a, b], angle: 0.0 },
        ("polygon", corners) if corners.len() >= 6 && corners.len() % 2 == 0 => {
            Shape::Polygon(corners.chunks_exact(2).map(|p| [p[0], p[1]]).collect())
        }
        _ => return Err(KINDS),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(text: &str) -> Result<Vec<f32>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.reg");
        std::fs::write(&path, text).unwrap();
        read(&path, (7, 5)).map(|image| image.pixels)
    }

    fn rows(mask: &[f32]) -> Vec<String> {
        mask.chunks(7).map(|row| row.iter().map(|v| if *v > 0.0 { 'x' } else { '.' }).collect()).collect()
    }

    #[test]
    fn the_first_pixel_is_at_one_one_and_a_minus_takes_away() {
        let text =
            "# Region file format: DS9 version 4.1\nglobal color=green\nphysical\n-circle(1,1,0.5) # text={star}\n";
        assert_eq!(rows(&mask(text).unwrap()), [".xxxxxx", "xxxxxxx", "xxxxxxx", "xxxxxxx", "xxxxxxx"]);
        let text = "image\ncircle(3,3,1)\n-box(3,3,1,9,0);polygon(6,1,7.5,1,7.5,2.5,6,2.5)";
        assert_eq!(rows(&mask(text).unwrap()), [".....xx", ".....xx", ".x.x...", ".......", "......."]);
    }

    #[test]
    fn ellipses_and_boxes_turn_counter_clockwise() {
        let slanted = [".......", "..x....", "...x...", "....x..", "......."];
        assert_eq!(rows(&mask("ellipse(4,3,2.7,0.5,45)").unwrap()), slanted);
        assert_eq!(rows(&mask("box 4 3 5 1 90").unwrap()), ["...x...", "...x...", "...x...", "...x...", "...x..."]);
        assert_eq!(rows(&mask("annulus(4,3,1,2)").unwrap())[2], ".xx.xx.");
    }

    #[test]
    fn regions_of_the_sky_and_unknown_ones_name_their_line() {
        for (text, line, words) in [
            ("image\nfk5\ncircle(1,1,1)", "line 2", "image"),
            ("circle(8:42:01.2,+4:05:11,2\")", "line 1", "image"),
            ("image\n\npanda(1,1,0,90,1,2,3,4)", "line 3", "polygon"),
            ("circle(1,1)", "line 1", "polygon"),
            ("circle(1,nan,1)", "line 1", "polygon"),
            ("# nothing", "line 1", "no region"),
        ] {
            let error = mask(text).unwrap_err().to_string();
            assert!(error.contains(line) && error.contains(words), "{text}: {error}");
        }
    }
}
