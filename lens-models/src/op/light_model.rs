//! A light model: what a component of a system needs of something that shines, on the tape.

use std::rc::Rc;
use std::sync::Arc;

use ppl_core::autodiff::Value;
use ppl_core::distributions::Distribution;
use ppl_core::{Array, Result};

use super::brightness::{LightComponent, brightness};
use super::keys::Keys;
use super::scalars::scalars_of;
use crate::light::LightProfile;
use crate::parameter::ProfileParameter;

/// Something that shines, given by whatever operations of the tape: a formula, or an image that a network makes.
pub trait LightModel: Send + Sync {
    /// What a system file calls it.
    fn name(&self) -> &'static str;

    /// Its parameters.
    fn parameters(&self) -> &'static [ProfileParameter];

    /// The surface brightness at positions `[2, points]` in arcsec: `[points]`. `params` has one value for each entry of the table, a
    /// scalar or a vector of the size of the entry; all of them may have lanes.
    ///
    /// # Errors
    /// Positions or parameters of another shape.
    fn brightness(&self, positions: &Array, params: &[Value]) -> Result<Array>;

    /// The default prior of a parameter, where it is not the one of its kind.
    fn prior(&self, _: &ProfileParameter) -> Option<Result<Rc<dyn Distribution>>> {
        None
    }
}

/// What the `profile` of a component may name: it makes the light model of the component.
pub trait LightKind: Send + Sync {
    /// The name.
    fn name(&self) -> &'static str;

    /// The keys that a component may have beside `name`, `profile`, `count` and `parameters`.
    fn keys(&self) -> &'static [&'static str] {
        &[]
    }

    /// The model that the keys ask for.
    ///
    /// # Errors
    /// A key with a value that stands for nothing, with its place.
    fn make(&self, keys: &Keys<'_>) -> crate::error::Result<Arc<dyn LightModel>>;
}

/// A profile that is a formula, as a light model and as the kind of it.
#[derive(Clone, Copy)]
pub(crate) struct Analytic(pub &'static dyn LightProfile);

impl LightModel for Analytic {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn parameters(&self) -> &'static [ProfileParameter] {
        self.0.parameters()
    }

    fn brightness(&self, positions: &Array, params: &[Value]) -> Result<Array> {
        brightness(positions, &LightComponent::new(self.0, scalars_of(params)?)?)
    }
}

impl LightKind for Analytic {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn make(&self, _: &Keys<'_>) -> crate::error::Result<Arc<dyn LightModel>> {
        Ok(Arc::new(*self))
    }
}
