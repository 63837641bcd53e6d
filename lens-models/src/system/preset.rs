//! Presets: sets of default priors that a system may name.

use serde_json::{Value as Json, json};

use super::component::Role;
use crate::parameter::{ParameterKind, ProfileParameter};

/// Where the priors come from that a system does not give itself: `"preset": NAME` in its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// `scaled`: broad, and scaled to the data at hand.
    #[default]
    Scaled,
    /// `paper`: equations 14-16 and 18-23 of Chianese et al. (2020), each truncated to where its quantity is defined: a width, a
    /// brightness and an Einstein radius above 0, an axis ratio between 0 and 1, a slope between 1 and 3. What the paper has no
    /// prior for is as in `scaled`.
    Paper,
}

impl Preset {
    /// All of them.
    pub const ALL: [Preset; 2] = [Preset::Scaled, Preset::Paper];

    /// Its name in a system file.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Scaled => "scaled",
            Preset::Paper => "paper",
        }
    }

    /// The prior that it fixes, whatever the data.
    pub(super) fn prior(self, role: Role, parameter: &ProfileParameter) -> Option<Json> {
        match self {
            Preset::Scaled => None,
            Preset::Paper => paper(role == Role::Source, parameter.kind),
        }
    }
}

fn paper(is_source: bool, kind: ParameterKind) -> Option<Json> {
    let normal = |loc: f64, scale: f64| json!({ "normal": { "loc": loc, "scale": scale } });
    let inside = |loc: f64, scale: f64| {
        let (low, high) = kind.support();
        let ends = [("low", low), ("high", high)].into_iter().filter(|(_, end)| end.is_finite());
        let mut truncated = json!({ "loc": loc, "scale": scale });
        ends.for_each(|(name, end)| truncated[name] = json!(end));
        json!({ "truncated_normal": truncated })
    };
    Some(match kind {
        ParameterKind::Center if is_source => normal(0.0, 0.1),
        ParameterKind::Width if is_source => inside(5.0, 1.0),
        ParameterKind::Amplitude if is_source => inside(1.0, 0.5),
        ParameterKind::Shear | ParameterKind::Angle => normal(0.0, 1.0),
        ParameterKind::AxisRatio => inside(0.5, 0.5),
        ParameterKind::EinsteinRadius => inside(1.5, 0.5),
        ParameterKind::Slope => inside(2.0, 0.5),
        ParameterKind::Center => normal(0.0, 0.5),
        _ => return None,
    })
}
