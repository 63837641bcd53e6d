//! shapelets: the functions of Gauss and Hermite up to an order, whose amplitudes are one vector.

use std::sync::{Arc, LazyLock};

use ppl_core::autodiff::Value;
use ppl_core::{Array, Result, Var};

use super::brightness::{LightComponent, brightness};
use super::keys::Keys;
use super::light_model::{LightKind, LightModel, Template};
use super::scalars::scalars_of;
use crate::error::Error;
use crate::light::Shapelet;
use crate::parameter::{CENTER_X, CENTER_Y, ParameterKind, ProfileParameter};

/// The name in a system file.
const NAME: &str = "shapelets";
/// The highest order of one component: 231 amplitudes.
const MOST: usize = 20;
/// The order where nothing is said: 28 amplitudes.
const ORDER: usize = 6;

/// The table for each order: they differ in the size of `amp`.
static TABLES: LazyLock<Vec<[ProfileParameter; 4]>> = LazyLock::new(|| (0..=MOST).map(table).collect());

fn table(n_max: usize) -> [ProfileParameter; 4] {
    let amp = ProfileParameter::new("amp", ParameterKind::Coefficient, "", "a", "Amplitude of each function.");
    let beta = ProfileParameter::new("beta", ParameterKind::Radius, "arcsec", r"\beta", "Width of the first function.");
    [amp.vector((n_max + 1) * (n_max + 2) / 2), beta, CENTER_X, CENTER_Y]
}

/// I = sum amp_k phi_n1(x / beta) phi_n2(y / beta) over n1 + n2 <= n_max, in the order (0, 0), (1, 0), (0, 1), (2, 0), (1, 1), ..:
/// `amp beta center_x center_y` (Refregier 2003, doi:10.1046/j.1365-8711.2003.05901.x; lenstronomy's `SHAPELETS`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shapelets {
    n_max: usize,
}

impl Shapelets {
    /// All functions up to an order of 20; none for a higher one.
    pub fn new(n_max: usize) -> Option<Self> {
        (n_max <= MOST).then_some(Shapelets { n_max })
    }

    /// The two orders of each function.
    pub fn orders(&self) -> impl Iterator<Item = [usize; 2]> + use<> {
        (0..=self.n_max).flat_map(|n| (0..=n).map(move |n2| [n - n2, n2]))
    }

    /// Each function at the positions, with these amplitudes.
    fn each(&self, positions: &Array, amps: &[Var], place: &[Value]) -> Result<Vec<Array>> {
        let place = scalars_of(place)?;
        let one = |(orders, amp): ([usize; 2], &Var)| {
            let orders = orders.map(|n| Var::scalar(n as f64));
            let params = std::iter::once(amp.clone()).chain(orders).chain(place.iter().cloned());
            brightness(positions, &LightComponent::new(&Shapelet, params)?)
        };
        self.orders().zip(amps).map(one).collect()
    }
}

impl LightModel for Shapelets {
    fn name(&self) -> &'static str {
        NAME
    }

    fn parameters(&self) -> &'static [ProfileParameter] {
        &TABLES[self.n_max]
    }

    fn brightness(&self, positions: &Array, _: Option<&Template>, params: &[Value]) -> Result<Array> {
        Array::sum_of(&self.each(positions, &scalars_of(&params[..1])?, &params[1..])?)
    }

    fn units(&self, positions: &Array, _: Option<&Template>, params: &[Value]) -> Result<Vec<Array>> {
        self.each(positions, &vec![Var::scalar(1.0); self.parameters()[0].size], &params[1..])
    }
}

/// Shapelets by name. A component may say `"n_max"`, the highest order, 0 to 20; 6.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShapeletsKind;

impl LightKind for ShapeletsKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self) -> &'static [&'static str] {
        &["n_max"]
    }

    fn make(&self, keys: &Keys<'_>) -> crate::error::Result<Arc<dyn LightModel>> {
        let expected = || Error::WrongForm {
            place: format!("{}: `n_max`", keys.place()),
            expected: format!("an order from 0 to {MOST}"),
        };
        Ok(Arc::new(Shapelets::new(keys.get("n_max")?.unwrap_or(ORDER)).ok_or_else(expected)?))
    }
}
