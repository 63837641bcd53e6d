//! The view of a system whose parameters all have values: a simulation's, or one that is set by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use lens_models::data::ImageData;
use lens_models::system::{Scales, System, SystemModel};
use ppl_core::{Ctx, Values, handler};

use super::{FitError, View};

impl View {
    /// The view of a system at the values that it gives its parameters; one without a value is drawn from its prior.
    ///
    /// # Errors
    /// A system without components.
    pub fn of(system: &System, data: &Arc<ImageData>) -> Result<View, FitError> {
        let model = SystemModel::new(
            &system.with_sampled_amplitudes(),
            data.clone(),
            &Scales { peak: 1.0, ..Scales::of(data, false) },
        )?;
        if system.components.is_empty() {
            return Err(FitError::Nothing { missing: "components", fix: "add one" });
        }
        let sites = handler::trace(handler::seed(|ctx: &mut Ctx| model.run(ctx).map(drop), 0))?;
        let (mut drawn, mut values) = (Values::new(), BTreeMap::new());
        for (name, site) in sites.iter().filter(|(_, site)| site.is_latent()) {
            drawn.insert(&**name, site.value.clone());
            values.insert(name.to_string(), site.value.numbers().to_vec());
        }
        let model = model.adapted(&drawn)?;
        for component in &system.components {
            let fixed = component.fixed.iter().map(|(name, v)| (format!("{}.{name}", component.name), v.clone()));
            values.extend(fixed);
        }
        View::new(system, model.data(), &model.scene_at(&drawn)?, &values)
    }
}
