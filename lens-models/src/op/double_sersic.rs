//! double_sersic: a bulge and a disc of one centre.

use std::sync::Arc;

use ppl_core::autodiff::Value;
use ppl_core::{Array, Result, Var};

use super::brightness::{LightComponent, brightness};
use super::keys::Keys;
use super::light_model::{LightKind, LightModel, Template};
use super::scalars::scalars_of;
use crate::light::{Formula, Sersic};
use crate::parameter::{CENTER_X, CENTER_Y, ProfileParameter};

/// The name in a system file.
const NAME: &str = "double_sersic";

/// Two of each parameter but the centre.
const TABLE: [ProfileParameter; 7] = {
    let [amp, radius, n, e1, e2, ..] = SERSIC;
    [amp.vector(2), radius.vector(2), n.vector(2), e1.vector(2), e2.vector(2), CENTER_X, CENTER_Y]
};

const SERSIC: [ProfileParameter; 7] = {
    let [amp, radius, n, e1, e2, x, y] = Sersic::PARAMETERS else { panic!("a Sersic profile has seven parameters") };
    [*amp, *radius, *n, *e1, *e2, *x, *y]
};

/// The sum of two [`Sersic`] profiles of one centre: `amp R_sersic n_sersic e1 e2 center_x center_y`, all but the centre two numbers.
#[derive(Clone, Copy, Debug)]
pub struct DoubleSersic;

impl DoubleSersic {
    /// Each of the two at the positions; `amps` in the place of those among the parameters.
    fn each(positions: &Array, amps: &[Var], params: &[Value]) -> Result<Vec<Array>> {
        let [own, center] = [scalars_of(&params[1..5])?, scalars_of(&params[5..])?];
        let one = |(k, amp): (usize, &Var)| {
            let shape = own.iter().skip(k).step_by(2).chain(&center);
            brightness(positions, &LightComponent::new(&Sersic, std::iter::once(amp).chain(shape).cloned())?)
        };
        amps.iter().enumerate().map(one).collect()
    }
}

impl LightModel for DoubleSersic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn parameters(&self) -> &'static [ProfileParameter] {
        &TABLE
    }

    fn brightness(&self, positions: &Array, _: Option<&Template>, params: &[Value]) -> Result<Array> {
        Array::sum_of(&Self::each(positions, &scalars_of(&params[..1])?, params)?)
    }

    fn units(&self, positions: &Array, _: Option<&Template>, params: &[Value]) -> Result<Vec<Array>> {
        Self::each(positions, &[Var::scalar(1.0), Var::scalar(1.0)], params)
    }
}

impl LightKind for DoubleSersic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn make(&self, _: &Keys<'_>) -> crate::error::Result<Arc<dyn LightModel>> {
        Ok(Arc::new(*self))
    }
}
