//! A light model: what a component of a system needs of something that shines, on the tape.

use std::rc::Rc;
use std::sync::Arc;

use ppl_core::autodiff::{Dims, Value};
use ppl_core::distributions::{Distribution, Gauge};
use ppl_core::{Array, Result, Var};

use super::brightness::{LightComponent, brightness};
use super::field_model::FieldModel;
use super::keys::Keys;
use super::scalars::scalars_of;
use crate::light::LightProfile;
use crate::parameter::ProfileParameter;

/// The parameter that a brightness is proportional to.
pub const AMP: &str = "amp";

/// What the first parameter of a light makes by itself.
#[derive(Clone)]
pub struct Template {
    /// An image.
    pub image: Array,
    /// Numbers that say how bright, how large and where it is, as its light model understands them.
    pub numbers: Vec<Var>,
}

/// Something that shines, given by whatever operations of the tape: a formula, or an image that a network makes.
pub trait LightModel: Send + Sync {
    /// What a system file calls it.
    fn name(&self) -> &'static str;

    /// Its parameters.
    fn parameters(&self) -> &'static [ProfileParameter];

    /// The surface brightness at positions `[2, points]` in arcsec: `[points]`. `params` has one value for each entry of the table, a
    /// scalar or a vector of the size of the entry; all of them may have lanes. `template` is what [`LightModel::template`] made of
    /// the first of them, where there is one.
    ///
    /// # Errors
    /// Positions or parameters of another shape.
    fn brightness(&self, positions: &Array, template: Option<&Template>, params: &[Value]) -> Result<Array>;

    /// The brightness at the positions for each number of the parameter `amp` being one and the others zero: these times the numbers
    /// add up to [`LightModel::brightness`]. The `amp` among `params` counts for nothing.
    ///
    /// # Errors
    /// As [`LightModel::brightness`].
    fn units(&self, positions: &Array, template: Option<&Template>, params: &[Value]) -> Result<Vec<Array>> {
        let Some(at) = self.parameters().iter().position(|p| p.name == AMP) else { return Ok(vec![]) };
        let (size, mut params) = (self.parameters()[at].size, params.to_vec());
        let one = |k: usize| {
            let numbers = (0..size).map(|i| if i == k { 1.0 } else { 0.0 }).collect();
            params[at] = Value::shared(if size == 1 { Dims::SCALAR } else { Dims::new(&[size]) }, numbers);
            self.brightness(positions, template, &params)
        };
        (0..size).map(one).collect()
    }

    /// What the first parameter makes by itself, such as the image of a network; it is made once a run.
    fn template(&self, _first: &Value) -> Option<Result<Template>> {
        None
    }

    /// How engines measure the parameter after those in `before`, given the template: see
    /// [`InUnits`](ppl_core::distributions::InUnits).
    fn gauge(&self, _template: &Template, _before: &[Value]) -> Option<Result<Gauge>> {
        None
    }

    /// A simpler light in whose place the lens may be looked for, as cheap and as smooth as can be.
    fn stand_in(&self) -> Option<Arc<dyn LightModel>> {
        None
    }

    /// The parameters of this light, by name, that look like its stand-in with the numbers that `of` gives for a name.
    fn like_stand_in(&self, _of: &dyn Fn(&str) -> Option<f64>) -> Vec<(&'static str, Vec<f64>)> {
        vec![]
    }

    /// Where the first parameter is whitened numbers, what scales them.
    fn field(&self) -> Option<&dyn FieldModel> {
        None
    }

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

/// A profile that is a formula, as a light model.
pub fn formula(profile: &'static dyn LightProfile) -> Arc<dyn LightModel> {
    Arc::new(Analytic(profile))
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

    fn brightness(&self, positions: &Array, _: Option<&Template>, params: &[Value]) -> Result<Array> {
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
