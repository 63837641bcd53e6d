//! The decoded galaxy as the light of a component: latent numbers and a place on the sky to surface brightness.

use std::rc::Rc;

use lens_models::op::LightModel;
use lens_models::parameter::{CENTER_X, CENTER_Y, ParameterKind, ProfileParameter};
use ppl_core::autodiff::Value;
use ppl_core::distributions::Distribution;
use ppl_core::{Array, Result, Var};

use super::brightness::brightness;
use super::interpolation::Interpolation;
use super::placed::Placed;
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
    CENTER_X,
    CENTER_Y,
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

    fn brightness(&self, positions: &Array, params: &[Value]) -> Result<Array> {
        let z = Var::<(usize,)>::from_value(params[0].clone());
        let scalar = |i: usize| params.get(i).map_or_else(|| Var::scalar(0.0), |v| Var::from_value(v.clone()));
        let placed = Placed::new(scalar(1), scalar(2), scalar(3), scalar(4), scalar(5));
        brightness(&self.decoder.decode(&z)?, positions, &placed, self.interpolation)
    }

    fn prior(&self, parameter: &ProfileParameter) -> Option<Result<Rc<dyn Distribution>>> {
        (parameter.name == "z").then(|| self.prior.distribution().map(|d| Rc::new(d) as Rc<dyn Distribution>))
    }
}
