//! The view of a system whose parameters all have values: a simulation's, or one that is set by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use lens_models::data::ImageData;
use lens_models::system::{BandsModel, Scales, System};
use ppl_core::{Ctx, Values, handler};

use super::bands::seen;
use super::{BandView, FitError, View};

impl View {
    /// The view of a system at the values that it gives its parameters; one without a value is drawn from its prior.
    ///
    /// # Errors
    /// A system without components, or with several bands.
    pub fn of(system: &System, data: &Arc<ImageData>) -> Result<View, FitError> {
        let none = || FitError::Nothing { missing: "image", fix: "add one" };
        View::of_bands(system, std::slice::from_ref(data))?.into_iter().next().map(|band| band.view).ok_or_else(none)
    }

    /// The same of every band, in their order.
    ///
    /// # Errors
    /// A system without components; data that are not one for each band.
    pub fn of_bands(system: &System, data: &[Arc<ImageData>]) -> Result<Vec<BandView>, FitError> {
        let scales: Vec<Scales> = data.iter().map(|data| Scales { peak: 1.0, ..Scales::of(data, false) }).collect();
        let model = BandsModel::new(&system.with_sampled_amplitudes(), data, &scales)?;
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
            values.extend(component.fixed_sites().map(|(site, v)| (site, v.clone())));
        }
        seen(system, &model.data(), &model.scenes_at(&drawn)?, &values)
    }
}
