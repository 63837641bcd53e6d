//! The view of a system whose parameters all have values: a simulation's, or one that is set by hand.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use lens_models::data::ImageData;
use lens_models::system::{Scales, System, SystemModel};
use ppl_core::{Ctx, handler};

use super::{FitError, View};

impl View {
    /// The view of a system at the values that it gives its parameters; one without a value is drawn from its prior.
    ///
    /// # Errors
    /// A system without components.
    pub fn of(system: &System, data: &Arc<ImageData>) -> Result<View, FitError> {
        let model = SystemModel::new(system, data.clone(), &Scales { peak: 1.0, ..Scales::of(data, false) })?;
        let scene = RefCell::new(None);
        let kept = |ctx: &mut Ctx| {
            *scene.borrow_mut() = Some(model.run(ctx)?);
            Ok(())
        };
        let drawn = handler::trace(handler::seed(kept, 0))?;
        let latent = drawn.iter().filter(|(_, site)| site.is_latent());
        let mut values: BTreeMap<String, Vec<f64>> =
            latent.map(|(name, site)| (name.to_string(), site.value.numbers().to_vec())).collect();
        for component in &system.components {
            let fixed = component.fixed.iter().map(|(name, v)| (format!("{}.{name}", component.name), v.clone()));
            values.extend(fixed);
        }
        let scene = scene.into_inner().ok_or(FitError::Nothing { missing: "components", fix: "add one" })?;
        View::new(system, data, &scene, &values)
    }
}
