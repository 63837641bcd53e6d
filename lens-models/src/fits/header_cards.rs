//! What the header of an image says of the sky: the scale of its pixels, and the cards that place it.

use std::io::Cursor;
use std::path::Path;

use fitsio_pure::header::Card;
use fitsio_pure::value::Value;

use super::header::Source;
use super::image::{Select, select_hdu};
use super::write::{HeaderCard, HeaderValue};
use crate::error::Result;

/// The cards of a header.
#[derive(Debug, Clone, PartialEq)]
pub struct Header(Vec<(String, HeaderValue)>);

/// The cards that place an image on the sky (Greisen & Calabretta 2002, doi:10.1051/0004-6361:20021326), and what it shows.
const PLACES: &[&str] = &[
    "WCSAXES", "CTYPE1", "CTYPE2", "CUNIT1", "CUNIT2", "CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2",
    "CD2_1", "CD2_2", "CDELT1", "CDELT2", "CROTA2", "PC1_1", "PC1_2", "PC2_1", "PC2_2", "LONPOLE", "LATPOLE",
    "RADESYS", "EQUINOX", "OBJECT", "BUNIT",
];

/// The header of the image that is asked for, from the bytes of a file; `path` is for messages.
///
/// # Errors
/// As [`decode`](super::decode).
pub fn decode_header(bytes: &[u8], path: &Path, select: Select<'_>) -> Result<Header> {
    let (_, hdu) = select_hdu(&mut Source::new(path, Cursor::new(bytes))?, select)?;
    let of = |card: &Card| {
        let value = match card.value.as_ref()? {
            Value::Integer(value) => HeaderValue::Integer(*value),
            Value::Float(value) => HeaderValue::Real(*value),
            Value::String(text) => HeaderValue::Text(text.trim().to_owned()),
            _ => return None,
        };
        Some((card.keyword_str().to_owned(), value))
    };
    Ok(Header(hdu.cards.iter().filter_map(of).collect()))
}

impl Header {
    fn get(&self, keyword: &str) -> Option<&HeaderValue> {
        self.0.iter().find(|(name, _)| name == keyword).map(|(_, value)| value)
    }

    fn real(&self, keyword: &str) -> Option<f64> {
        match self.get(keyword)? {
            HeaderValue::Real(value) => Some(*value),
            HeaderValue::Integer(value) => Some(*value as f64),
            HeaderValue::Text(_) => None,
        }
    }

    /// Arcsec per pixel: the root of the area of a pixel, where the header has celestial axes.
    pub fn pixel_scale(&self) -> Option<f64> {
        let celestial = |axis: &str| match self.get(axis) {
            Some(HeaderValue::Text(name)) => {
                ["RA--", "DEC-", "GLON", "GLAT", "ELON", "ELAT"].iter().any(|c| name.starts_with(c))
            }
            _ => false,
        };
        if !(celestial("CTYPE1") && celestial("CTYPE2")) {
            return None;
        }
        let matrix = |names: [&str; 4], otherwise: [f64; 4]| {
            names.iter().any(|name| self.get(name).is_some()).then(|| {
                let [a, b, c, d]: [f64; 4] = std::array::from_fn(|i| self.real(names[i]).unwrap_or(otherwise[i]));
                (a * d - b * c).abs()
            })
        };
        let area = match matrix(["CD1_1", "CD1_2", "CD2_1", "CD2_2"], [0.0; 4]) {
            Some(area) => area,
            None => {
                let turned = matrix(["PC1_1", "PC1_2", "PC2_1", "PC2_2"], [1.0, 0.0, 0.0, 1.0]).unwrap_or(1.0);
                (self.real("CDELT1")? * self.real("CDELT2")?).abs() * turned
            }
        };
        let unit = match self.get("CUNIT1") {
            Some(HeaderValue::Text(unit)) if unit == "arcsec" => 1.0,
            _ => 3600.0,
        };
        let scale = area.sqrt() * unit;
        (scale > 0.0 && scale.is_finite()).then_some(scale)
    }

    /// The cards that place the image on the sky and say what it is and in which unit, to be written beside a model of it.
    pub fn places(&self) -> Vec<HeaderCard<'static>> {
        let card =
            |keyword: &&'static str| Some(HeaderCard { keyword, value: self.get(keyword)?.clone(), comment: "" });
        PLACES.iter().filter_map(card).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cards: &[(&str, HeaderValue)]) -> Header {
        Header(cards.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    #[test]
    fn the_scale_of_a_pixel_comes_from_either_way_to_write_it() {
        let text = |text: &str| HeaderValue::Text(text.to_owned());
        let celestial = [("CTYPE1", text("RA---TAN")), ("CTYPE2", text("DEC--TAN"))];
        let (s, c) = 0.4_f64.sin_cos();
        let d = 0.05 / 3600.0;
        let cd = [("CD1_1", -d * c), ("CD1_2", d * s), ("CD2_1", d * s), ("CD2_2", d * c)];
        let cdelt = [("CDELT1", -d), ("CDELT2", d), ("PC1_1", c), ("PC1_2", -s), ("PC2_1", s), ("PC2_2", c)];
        for cards in [&cd[..], &cdelt[..], &cdelt[..2]] {
            let reals = cards.iter().map(|(name, value)| (*name, HeaderValue::Real(*value)));
            let all: Vec<_> = celestial.iter().cloned().chain(reals).collect();
            assert!((header(&all).pixel_scale().unwrap() / 0.05 - 1.0).abs() < 1e-12, "{cards:?}");
            // Without celestial axes the numbers mean nothing on the sky.
            assert_eq!(header(&all[2..]).pixel_scale(), None);
        }
        assert_eq!(header(&celestial).pixel_scale(), None);
        assert_eq!(header(&celestial).places().len(), 2);
    }
}
