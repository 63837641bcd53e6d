//! mge: many Gaussians of one centre and shape, whose widths are fixed and whose amplitudes are one vector.

use std::sync::{Arc, LazyLock};

use ppl_core::autodiff::Value;
use ppl_core::{Array, Result, Var};

use super::brightness::{LightComponent, brightness};
use super::keys::Keys;
use super::light_model::{LightKind, LightModel, Template};
use super::scalars::scalars_of;
use crate::error::Error;
use crate::light::Gaussian;
use crate::parameter::{CENTER_X, CENTER_Y, E1, E2, ParameterKind, ProfileParameter};

/// The name in a system file.
const NAME: &str = "mge";
/// The most Gaussians of one component.
const MOST: usize = 40;
/// How many there are where nothing is said.
const GAUSSIANS: usize = 30;
/// The narrowest and the widest where nothing is said, arcsec: from half a pixel of Hubble's ACS to the halo of a galaxy.
const SIGMA: [f64; 2] = [0.025, 5.0];

/// The table for each number of Gaussians: they differ in the size of `amp`.
static TABLES: LazyLock<Vec<[ProfileParameter; 5]>> = LazyLock::new(|| (0..=MOST).map(table).collect());

fn table(gaussians: usize) -> [ProfileParameter; 5] {
    let amp = ProfileParameter::new("amp", ParameterKind::Amplitude, "", "I_0", "Brightness of each at the centre.");
    [amp.vector(gaussians), E1, E2, CENTER_X, CENTER_Y]
}

/// I = sum_k amp_k exp(-R^2 / (2 sigma_k^2)): `amp e1 e2 center_x center_y`, R as in [`Gaussian`], the widths evenly spread in their
/// logarithm (Cappellari 2002, doi:10.1046/j.1365-8711.2002.05412.x; lenstronomy's `MULTI_GAUSSIAN_ELLIPSE`, whose amplitudes are
/// 2 pi sigma_k^2 amp_k).
#[derive(Clone, Debug, PartialEq)]
pub struct Mge {
    sigmas: Vec<f64>,
}

impl Mge {
    /// So many Gaussians, 2 to 40, from the narrowest to the widest, arcsec; none for other numbers.
    pub fn new(gaussians: usize, [narrowest, widest]: [f64; 2]) -> Option<Self> {
        let spread = 0.0 < narrowest && narrowest < widest && widest.is_finite();
        let step = (widest / narrowest).ln() / (gaussians.max(2) - 1) as f64;
        let sigmas = || (0..gaussians).map(|k| narrowest * (step * k as f64).exp()).collect();
        (spread && (2..=MOST).contains(&gaussians)).then(|| Mge { sigmas: sigmas() })
    }

    /// The widths, arcsec, from the narrowest.
    pub fn sigmas(&self) -> &[f64] {
        &self.sigmas
    }

    /// Each Gaussian at the positions, with these amplitudes.
    fn each(&self, positions: &Array, amps: &[Var], shape: &[Value]) -> Result<Vec<Array>> {
        let shape = scalars_of(shape)?;
        let one = |(sigma, amp): (&f64, &Var)| {
            let params = [amp.clone(), Var::scalar(*sigma)].into_iter().chain(shape.iter().cloned());
            brightness(positions, &LightComponent::new(&Gaussian, params)?)
        };
        self.sigmas.iter().zip(amps).map(one).collect()
    }
}

impl LightModel for Mge {
    fn name(&self) -> &'static str {
        NAME
    }

    fn parameters(&self) -> &'static [ProfileParameter] {
        &TABLES[self.sigmas.len()]
    }

    fn brightness(&self, positions: &Array, _: Option<&Template>, params: &[Value]) -> Result<Array> {
        Array::sum_of(&self.each(positions, &scalars_of(&params[..1])?, &params[1..])?)
    }

    fn units(&self, positions: &Array, _: Option<&Template>, params: &[Value]) -> Result<Vec<Array>> {
        self.each(positions, &vec![Var::scalar(1.0); self.sigmas.len()], &params[1..])
    }
}

/// Many Gaussians by name. A component may say
///
/// - `"gaussians"`: how many, 2 to 40; 30;
/// - `"sigma"`: the narrowest and the widest, arcsec; `[0.025, 5.0]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MgeKind;

impl LightKind for MgeKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self) -> &'static [&'static str] {
        &["gaussians", "sigma"]
    }

    fn make(&self, keys: &Keys<'_>) -> crate::error::Result<Arc<dyn LightModel>> {
        let gaussians = keys.get("gaussians")?.unwrap_or(GAUSSIANS);
        let sigma = keys.get("sigma")?.unwrap_or(SIGMA);
        let expected = || {
            let place = format!("{}: `gaussians` and `sigma`", keys.place());
            let expected = "2 to 40 Gaussians, of two widths in arcsec, the narrower above 0 and first".to_owned();
            Error::WrongForm { place, expected }
        };
        Ok(Arc::new(Mge::new(gaussians, sigma).ok_or_else(expected)?))
    }
}
