//! Presets: sets of default priors that a system may name.

use std::f64::consts::FRAC_PI_2;

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
    /// brightness and an Einstein radius above 0, an axis ratio between 0 and 1, a slope between 1 and 3, the direction of a lens within
    /// the half turn from -pi/2 to pi/2 (as printed one ellipse has a place in every half turn). What the paper has no prior for is as
    /// in `scaled`.
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
            Preset::Paper => paper(role, parameter),
        }
    }
}

fn paper(role: Role, &ProfileParameter { kind, name, .. }: &ProfileParameter) -> Option<Json> {
    let is_source = matches!(role, Role::Source | Role::Points);
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
        // That of an ellipse, and of no multipole.
        ParameterKind::Angle if role == Role::Lens && name == "phi" => {
            json!({ "truncated_normal": { "loc": 0.0, "scale": 1.0, "low": -FRAC_PI_2, "high": FRAC_PI_2 } })
        }
        ParameterKind::Shear | ParameterKind::Angle => normal(0.0, 1.0),
        ParameterKind::AxisRatio => inside(0.5, 0.5),
        ParameterKind::EinsteinRadius => inside(1.5, 0.5),
        ParameterKind::Slope => inside(2.0, 0.5),
        ParameterKind::Center => normal(0.0, 0.5),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Component, System};
    use std::path::Path;

    fn read(preset: &str) -> crate::error::Result<System> {
        let json = format!(
            r#"{{ "preset": {preset}, "lens": [ {{ "name": "lens", "profile": "sple" }} ],
                "source": [ {{ "name": "source", "profile": "sersic" }} ] }}"#
        );
        System::from_json(&json, Path::new("s.json"), Path::new("."))
    }

    fn prior(component: &Component, name: &str) -> Option<Json> {
        let parameter = component.profile.parameters().iter().find(|p| p.name == name).unwrap();
        Preset::Paper.prior(component.role, parameter)
    }

    #[test]
    fn the_paper_s_priors_are_those_of_its_equations_within_their_supports() {
        let system = read(r#""paper""#).unwrap();
        assert_eq!(system.preset, Preset::Paper);
        let [lens, source] = &system.components[..] else { panic!("two components") };
        let truncated = |loc: f64, scale: f64| json!({ "loc": loc, "scale": scale });
        let slope = json!({ "truncated_normal": { "loc": 2.0, "scale": 0.5, "low": 1.0, "high": 3.0 } });
        assert_eq!(prior(lens, "gamma"), Some(slope));
        let direction = json!({ "loc": 0.0, "scale": 1.0, "low": -FRAC_PI_2, "high": FRAC_PI_2 });
        assert_eq!(prior(lens, "phi"), Some(json!({ "truncated_normal": direction })));
        assert_eq!(prior(lens, "center_x"), Some(json!({ "normal": truncated(0.0, 0.5) })));
        assert_eq!(prior(source, "center_x"), Some(json!({ "normal": truncated(0.0, 0.1) })));
        let radius = json!({ "truncated_normal": { "loc": 1.5, "scale": 0.5, "low": 0.0 } });
        assert_eq!(prior(lens, "r_ein"), Some(radius));
        // A Sersic source is none of the paper's.
        assert_eq!(prior(source, "n_sersic"), None);
    }

    #[test]
    fn a_preset_that_there_is_not_is_refused_with_the_nearest() {
        assert_eq!(read(r#""scaled""#).unwrap().preset, Preset::Scaled);
        for (given, said) in [(r#""papers""#, "paper"), ("3", "preset")] {
            let error = read(given).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("`preset`"), "{error}");
        }
    }
}
