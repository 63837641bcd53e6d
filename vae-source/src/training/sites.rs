//! Sites: the weights of a network as params of a model, its running statistics as mutables.

use std::collections::HashMap;

use ppl_core::{Array, Ctx, Result};

use crate::network::{MOMENTUM, WeightSpec, Weights, decoder_weights, encoder_weights, follow};

/// Every weight of encoder and decoder by name.
pub(super) struct Specs(HashMap<String, WeightSpec>);

impl Specs {
    pub(super) fn new() -> Self {
        let all = encoder_weights().into_iter().chain(decoder_weights());
        Specs(all.map(|spec| (spec.name.clone(), spec)).collect())
    }
}

/// Weights that a context gives; those that are named for the first time begin as their specification says.
pub(super) struct Sites<'c> {
    ctx: &'c mut Ctx,
    specs: &'c Specs,
    seed: u64,
}

impl<'c> Sites<'c> {
    pub(super) fn new(ctx: &'c mut Ctx, specs: &'c Specs, seed: u64) -> Self {
        Sites { ctx, specs, seed }
    }
}

impl Weights for Sites<'_> {
    type Error = ppl_core::Error;

    fn weight(&mut self, name: &str, dims: &[usize]) -> Result<Array> {
        let (spec, seed) = (self.specs.0.get(name), self.seed);
        let initial = || Array::constant(dims, spec.map_or_else(Vec::new, |spec| spec.initial(seed)));
        if spec.is_some_and(|spec| !spec.is_trained()) {
            return self.ctx.mutable(name, initial()?);
        }
        self.ctx.param_with(name, dims, initial)
    }

    /// Running statistics follow those of the batch, in each lane.
    fn observe(&mut self, layer: &str, statistics: &Array, count: usize) -> Result<()> {
        let channels = statistics.dims().len() / 2;
        let [mean_name, variance_name] = ["running_mean", "running_var"].map(|what| format!("{layer}.{what}"));
        let (mean, variance) = (self.weight(&mean_name, &[channels])?, self.weight(&variance_name, &[channels])?);
        let lanes = statistics.as_value().lanes();
        let (mut means, mut variances) = (vec![], vec![]);
        for lane in 0..lanes {
            let (mut m, mut v) = (mean.lane(lane).to_vec(), variance.lane(lane).to_vec());
            follow(&mut m, &mut v, statistics.lane(lane), count, MOMENTUM);
            means.extend(m);
            variances.extend(v);
        }
        self.ctx.update(&mean_name, Array::with_lanes(lanes, &[channels], means)?)?;
        self.ctx.update(&variance_name, Array::with_lanes(lanes, &[channels], variances)?)
    }
}
