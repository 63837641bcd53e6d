//! `"profile": "pixels"`: what a component of a system file may say of its grid.

use std::sync::Arc;

use super::light::{NAME, Pixels};
use crate::error::{Error, Result};
use crate::op::keys::Keys;
use crate::op::light_model::{LightKind, LightModel};
use crate::op::raster::Interpolation;

/// Pixels a side where nothing is said, and the most.
const SIDE: usize = 50;
const SIDES: std::ops::RangeInclusive<usize> = 4..=100;

/// Pixelised light by name. A component may say
///
/// - `"pixels"`: how many a side, 4 to 100; 50;
/// - `"link"`: `"none"`, `"exp"` or `"softplus"`, by which the field becomes a brightness; `"none"`;
/// - `"interpolation"`: `"cubic"`, or `"bilinear"` with kinks in its gradient; `"cubic"`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PixelsKind;

impl LightKind for PixelsKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self) -> &'static [&'static str] {
        &["pixels", "link", "interpolation"]
    }

    fn make(&self, keys: &Keys<'_>) -> Result<Arc<dyn LightModel>> {
        let side = keys.get("pixels")?.unwrap_or(SIDE);
        if !SIDES.contains(&side) {
            let expected = format!("{} to {} pixels a side", SIDES.start(), SIDES.end());
            return Err(Error::WrongForm { place: format!("{}: `pixels`", keys.place()), expected });
        }
        let interpolation = keys.get("interpolation")?.unwrap_or(Interpolation::Cubic);
        Ok(Arc::new(Pixels::new(side, keys.get("link")?.unwrap_or_default(), interpolation)))
    }
}

#[cfg(test)]
mod tests {
    use crate::system::System;
    use std::path::Path;

    fn read(keys: &str) -> crate::error::Result<System> {
        let json = format!(r#"{{ "source": [{{ "name": "source", "profile": "pixels"{keys} }}] }}"#);
        System::from_json(&json, Path::new("s.json"), Path::new("."))
    }

    #[test]
    fn a_component_says_its_grid_and_its_link() {
        let parameters = |keys: &str| {
            let system = read(keys).unwrap();
            let table = system.components[0].profile.parameters();
            (table[0].size, table.iter().any(|p| p.name == "sigma"))
        };
        assert_eq!(parameters(""), (2500, false));
        assert_eq!(parameters(r#", "pixels": 12, "link": "exp""#), (144, true));
        assert_eq!(parameters(r#", "pixels": 12, "link": "softplus", "interpolation": "bilinear""#), (144, false));
    }

    #[test]
    fn what_is_no_grid_is_refused_with_its_place() {
        for (keys, parts) in [
            (r#", "pixels": 3"#, ["`pixels`", "4 to 100"]),
            (r#", "pixels": "many""#, ["`pixels`", "invalid type"]),
            (r#", "link": "log""#, ["`link`", "softplus"]),
            (r#", "count": 2"#, ["`count`", "vector"]),
            (r#", "width": 2"#, ["width", "component `source`"]),
        ] {
            let error = read(keys).map(|_| ()).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
