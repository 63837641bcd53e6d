//! A point source: what was observed of its images, as the `points` of a system file have it.

use crate::error::{Error, Result};
use crate::op::Keys;
use crate::parameter::{CENTER_X, CENTER_Y, ProfileParameter};

/// What was observed of the images of one point source. Vectors are in the order of the positions.
#[derive(Clone, Debug, PartialEq)]
pub struct PointSource {
    /// Where its images are seen, arcsec.
    pub positions: Vec<[f64; 2]>,
    /// Standard deviation of each position along x and along y, arcsec.
    pub position_errors: Vec<f64>,
    /// The flux of images, in any unit.
    pub fluxes: Option<Measured>,
    /// The flux of images over that of the first.
    pub flux_ratios: Option<Measured>,
    /// How much later than the first images arrive, days.
    pub delays: Option<Measured>,
    /// Where model and data are compared.
    pub plane: Plane,
    /// What becomes of the position of the source.
    pub source: SourcePosition,
}

/// Measured numbers of some images.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Which images.
    pub images: Vec<usize>,
    /// The number of each.
    pub values: Vec<f64>,
    /// Its standard deviation.
    pub errors: Vec<f64>,
}

/// Where the images of the model are taken to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plane {
    /// `image_plane`: where the lens equation has them, to rounding. Exact.
    #[default]
    Image,
    /// `source_plane`: where one step of Newton's method from the observed positions has them: exact as long as A does not change over the
    /// error of a position. It is the scatter of the rays in the plane of the source, weighted by the magnification of each image along
    /// each direction. Magnifications and potentials are those at the observed positions.
    Source,
}

/// What becomes of the position of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourcePosition {
    /// `free`: it is a site.
    #[default]
    Free,
    /// `marginal`: integrated over, exactly, under a flat prior; in the plane of the source, where all is linear in it.
    Marginal,
}

/// The keys of an entry beside those of all components.
pub(super) const KEYS: [&str; 10] = [
    "positions",
    "position_errors",
    "fluxes",
    "flux_errors",
    "flux_ratios",
    "flux_ratio_errors",
    "delays",
    "delay_errors",
    "likelihood",
    "source",
];

const CENTER: [ProfileParameter; 2] = [CENTER_X, CENTER_Y];

impl PointSource {
    /// Its name in a system file.
    pub const NAME: &'static str = "points";

    /// Its parameters: the position of the source, where it is free.
    pub fn parameters(&self) -> &'static [ProfileParameter] {
        match self.source {
            SourcePosition::Free => &CENTER,
            SourcePosition::Marginal => &[],
        }
    }

    /// The mean distance of the images from their middle, and that middle, arcsec.
    pub fn extent(&self) -> (f64, [f64; 2]) {
        let along = |i: usize| {
            let ends = (self.positions.iter())
                .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], p| [low.min(p[i]), high.max(p[i])]);
            0.5 * (ends[0] + ends[1])
        };
        let middle = [along(0), along(1)];
        let distance = |p: &[f64; 2]| (p[0] - middle[0]).hypot(p[1] - middle[1]);
        (self.positions.iter().map(distance).sum::<f64>() / self.positions.len() as f64, middle)
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// A key that is missing, of another form, or of another length than there are images.
    pub(super) fn read(keys: &Keys<'_>) -> Result<Self> {
        let form =
            |key: &str, expected: String| Error::WrongForm { place: format!("{}: `{key}`", keys.place()), expected };
        let missing = |key, hint| Error::MissingKey { place: keys.place().to_owned(), key, hint };
        let positions: Option<Vec<[f64; 2]>> = keys.get("positions")?;
        let positions =
            positions.ok_or_else(|| missing("positions", "where its images are, [[x, y], ..] in arcsec"))?;
        let count = positions.len();
        if count < 2 {
            return Err(form("positions", "two images at least; one says nothing of the lens".to_owned()));
        }
        let apart = |i: usize| positions[..i].iter().all(|other| *other != positions[i]);
        if !(0..count).all(apart) || positions.iter().flatten().any(|v| !v.is_finite()) {
            return Err(form("positions", "numbers, no two places the same".to_owned()));
        }
        let errors = |key: &'static str, count: usize| -> Result<Option<Vec<f64>>> {
            let Some(json) = keys.get::<serde_json::Value>(key)? else { return Ok(None) };
            let all = match json.as_f64() {
                Some(one) => Some(vec![one; count]),
                None => keys.get(key).ok().flatten().filter(|list: &Vec<f64>| list.len() == count),
            };
            let all = all.filter(|list| list.iter().all(|error| *error > 0.0 && error.is_finite()));
            let expected = || form(key, format!("a number above 0, or a list of {count} of them"));
            all.map(Some).ok_or_else(expected)
        };
        let measured = |key: &'static str, error_key: &'static str, first: usize| -> Result<Option<Measured>> {
            let expected =
                |what: &str| form(key, format!("a list of {}{what}; null for one that is not known", count - first));
            let Some(list) = keys.get::<serde_json::Value>(key)? else {
                return match keys.get::<serde_json::Value>(error_key)? {
                    Some(_) => Err(missing(key, "which the errors are of")),
                    None => Ok(None),
                };
            };
            let what =
                if first == 0 { " numbers, one for each image" } else { " numbers, one for each image but the first" };
            let list: Vec<Option<f64>> = serde_json::from_value(list).map_err(|_| expected(what))?;
            if list.len() != count - first || list.iter().all(Option::is_none) {
                return Err(expected(what));
            }
            let errors = errors(error_key, list.len())?;
            let errors = errors.ok_or_else(|| missing(error_key, "a number, or a list of one for each"))?;
            let known =
                list.iter().zip(&errors).enumerate().filter_map(|(i, (value, error))| Some((i, (*value)?, *error)));
            let mut measured = Measured { images: vec![], values: vec![], errors: vec![] };
            for (i, value, error) in known {
                measured.images.push(i + first);
                measured.values.push(value);
                measured.errors.push(error);
            }
            Ok(Some(measured))
        };
        let position_errors = errors("position_errors", count)?
            .ok_or_else(|| missing("position_errors", "a number in arcsec, or a list of one for each image"))?;
        let source = match keys.get::<String>("source")?.as_deref() {
            None | Some("free") => SourcePosition::Free,
            Some("marginal") => SourcePosition::Marginal,
            Some(name) => return Err(Error::unknown("way with the source", name, keys.place(), ["free", "marginal"])),
        };
        let plane = match keys.get::<String>("likelihood")?.as_deref() {
            None if source == SourcePosition::Marginal => Plane::Source,
            None | Some("image_plane") => Plane::Image,
            Some("source_plane") => Plane::Source,
            Some(name) => {
                return Err(Error::unknown("likelihood", name, keys.place(), ["image_plane", "source_plane"]));
            }
        };
        if source == SourcePosition::Marginal && plane == Plane::Image {
            let expected =
                "\"source_plane\" with a `source` that is \"marginal\": only there is all linear in its position";
            return Err(form("likelihood", expected.to_owned()));
        }
        let fluxes = measured("fluxes", "flux_errors", 0)?;
        let flux_ratios = measured("flux_ratios", "flux_ratio_errors", 1)?;
        if fluxes.is_some() && flux_ratios.is_some() {
            let place = keys.place().to_owned();
            return Err(Error::ConflictingKeys { place, first: "fluxes", second: "flux_ratios" });
        }
        if fluxes.as_ref().is_some_and(|f| f.values.len() < 2) {
            return Err(form("fluxes", "two of them at least: one says nothing of the lens".to_owned()));
        }
        let delays = measured("delays", "delay_errors", 1)?;
        Ok(PointSource { positions, position_errors, fluxes, flux_ratios, delays, plane, source })
    }
}
