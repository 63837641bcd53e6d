//! `"profile": "pixels"`: what a component of a system file may say of its grid.

use std::sync::Arc;

use super::light::{NAME, Pixels};
use crate::error::{Error, Result};
use crate::op::keys::Keys;
use crate::op::light_model::{LightKind, LightModel};

/// Pixels a side where nothing is said, and the most.
const SIDE: usize = 50;
const SIDES: std::ops::RangeInclusive<usize> = 4..=100;

/// Pixelised light by name. A component may say `"pixels"`, how many a side, 4 to 100; 50.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PixelsKind;

impl LightKind for PixelsKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self) -> &'static [&'static str] {
        &["pixels"]
    }

    fn make(&self, keys: &Keys<'_>) -> Result<Arc<dyn LightModel>> {
        let side = side(keys, SIDE)?;
        Ok(Arc::new(Pixels::new(side)))
    }
}

/// The pixels a side that a component asks for.
pub(super) fn side(keys: &Keys<'_>, otherwise: usize) -> Result<usize> {
    let side = keys.get("pixels")?.unwrap_or(otherwise);
    if SIDES.contains(&side) {
        return Ok(side);
    }
    let expected = format!("{} to {} pixels a side", SIDES.start(), SIDES.end());
    Err(Error::WrongForm { place: format!("{}: `pixels`", keys.place()), expected })
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
    fn a_component_says_its_grid() {
        let size = |keys: &str| read(keys).unwrap().components[0].profile.parameters()[0].size;
        assert_eq!([size(""), size(r#", "pixels": 12"#)], [2500, 144]);
    }

    #[test]
    fn what_is_no_grid_is_refused_with_its_place() {
        for (keys, parts) in [
            (r#", "pixels": 3"#, ["`pixels`", "4 to 100"]),
            (r#", "pixels": "many""#, ["`pixels`", "invalid type"]),
            (r#", "count": 2"#, ["`count`", "vector"]),
            (r#", "width": 2"#, ["`width`", "`source`"]),
        ] {
            let error = read(keys).map(|_| ()).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
