//! The decoded galaxy as the light of a component: latent numbers and a place on the sky to surface brightness.

use std::rc::Rc;
use std::sync::Arc;

use lens_models::light::Sersic;
use lens_models::op::raster::{Interpolation, Placed, brightness, moments};
use lens_models::op::{LightModel, Template, formula};
use lens_models::parameter::{CENTER_X, CENTER_Y, ParameterKind, ProfileParameter};
use ppl_core::autodiff::Value;
use ppl_core::distributions::{Distribution, Gauge};
use ppl_core::{Array, Result, Var};

use crate::latent::LatentPrior;
use crate::network::{Decoder, LATENT};

/// The name in a system file.
pub(super) const NAME: &str = "vae";

const ANY: ParameterKind = ParameterKind::Other {
    low: f64::NEG_INFINITY,
    high: f64::INFINITY,
    prior: r#"{ "normal": { "loc": 0.0, "scale": 1.0 } }"#,
};

/// All parameters, the rotation last.
const PARAMETERS: [ProfileParameter; 6] = [
    ProfileParameter::new("z", ANY, "", "z", "Latent numbers of the galaxy.").vector(LATENT),
    ProfileParameter::new(
        "scale",
        ParameterKind::Width,
        "arcsec",
        "s",
        "Width of the image of 64 x 64 pixels on the sky.",
    ),
    ProfileParameter::new(
        "amp",
        ParameterKind::Amplitude,
        "",
        r"\iota",
        "Brightness of a pixel of value one, the brightest as a rule.",
    ),
    CENTER_X,
    CENTER_Y,
    ProfileParameter::new("phi", ParameterKind::Angle, "rad", r"\phi", "Rotation of the image, counter-clockwise."),
];
const UNTURNED: &[ProfileParameter] = PARAMETERS.split_at(5).0;

/// amp mu_d(z)(u / scale), u the position relative to (center_x, center_y): section 3.3 of the paper. All lanes share one
/// evaluation of the decoder.
#[derive(Clone)]
pub struct Decoded {
    decoder: Decoder,
    prior: LatentPrior,
    interpolation: Interpolation,
    turns: bool,
}

impl Decoded {
    /// The galaxies of a decoder, whose latent numbers have this prior where no other is given. Where it `turns`, the image may lie at
    /// any angle `phi`; otherwise its rows lie along x.
    #[must_use]
    pub fn new(decoder: Decoder, prior: LatentPrior, interpolation: Interpolation, turns: bool) -> Self {
        Decoded { decoder, prior, interpolation, turns }
    }
}

impl LightModel for Decoded {
    fn name(&self) -> &'static str {
        NAME
    }

    fn parameters(&self) -> &'static [ProfileParameter] {
        if self.turns { &PARAMETERS } else { UNTURNED }
    }

    fn template(&self, z: &Value) -> Option<Result<Template>> {
        let made = || {
            let image = self.decoder.decode(&Var::from_value(z.clone()))?;
            let numbers = moments(&image)?.into();
            Ok(Template { image, numbers })
        };
        Some(made())
    }

    /// Data say how large and bright the source is and where, not how its image is before `scale`, `amp` and the centre: along
    /// images of the same light on the sky the posterior is curved. So the width is measured by the size of the image, the brightness
    /// by its norm, and the centre from its centroid.
    fn gauge(&self, template: &Template, before: &[Value]) -> Option<Result<Gauge>> {
        let [norm, x, y, size] = &template.numbers[..] else { return None };
        let scale = || Var::<()>::from_value(before[1].clone());
        let of = |unit: Var, origin: Option<Var>| Some(Ok(Gauge::new(unit, origin)));
        match PARAMETERS.get(before.len())?.name {
            "scale" => of(size.recip(), None),
            "amp" => of((norm * scale()).recip(), None),
            "center_x" if !self.turns => of(Var::scalar(1.0), Some(-(x * scale()))),
            "center_y" if !self.turns => of(Var::scalar(1.0), Some(-(y * scale()))),
            _ => None,
        }
    }

    fn brightness(&self, positions: &Array, template: Option<&Template>, params: &[Value]) -> Result<Array> {
        let decoded;
        let image = match template {
            Some(template) => &template.image,
            None => {
                decoded = self.decoder.decode(&Var::from_value(params[0].clone()))?;
                &decoded
            }
        };
        let scalar = |i: usize| params.get(i).map_or_else(|| Var::scalar(0.0), |v| Var::from_value(v.clone()));
        let placed = Placed::new(scalar(3), scalar(4), scalar(1), scalar(2), scalar(5));
        brightness(image, positions, &placed, self.interpolation)
    }

    fn stand_in(&self) -> Option<Arc<dyn LightModel>> {
        Some(formula(&Sersic))
    }

    /// The mean galaxy, of the same half-light radius and about the same brightness: a galaxy fills its image with a half-light radius
    /// of an eighth of the width, and its brightest pixel is about five times as bright as the light there.
    fn like_stand_in(&self, of: &dyn Fn(&str) -> Option<f64>) -> Vec<(&'static str, Vec<f64>)> {
        let times = |name: &str, factor: f64| of(name).map(|v| vec![factor * v]);
        let like = [
            ("z", Some(self.prior.loc.clone())),
            ("scale", times("R_sersic", 8.0)),
            ("amp", times("amp", 5.0)),
            ("center_x", times("center_x", 1.0)),
            ("center_y", times("center_y", 1.0)),
            ("phi", Some(vec![0.0])),
        ];
        let known = |name: &str| self.parameters().iter().any(|p| p.name == name);
        like.into_iter().filter(|(name, _)| known(name)).filter_map(|(name, v)| Some((name, v?))).collect()
    }

    fn prior(&self, parameter: &ProfileParameter) -> Option<Result<Rc<dyn Distribution>>> {
        (parameter.name == "z").then(|| self.prior.distribution().map(|d| Rc::new(d) as Rc<dyn Distribution>))
    }
}
