//! The layout: where each weight is in the one buffer that the optimizer walks over, and each channel's running statistics.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::network::{WeightSet, WeightSpec, decoder_weights, encoder_weights};

/// The matrices of both heads are one behind the other, so that they are one product; so are their biases.
const HEADS: [&str; 4] = ["encoder.mean.weight", "encoder.log_std.weight", "encoder.mean.bias", "encoder.log_std.bias"];

/// Places of weights and channels. Every weight begins at a multiple of four numbers, as all their lengths are.
pub(super) struct Layout {
    weights: IndexMap<String, (WeightSpec, usize)>,
    /// Numbers of all weights.
    pub len: usize,
    running: IndexMap<String, (usize, usize)>,
    /// Channels with running statistics.
    pub channels: usize,
}

/// What a training moves, on the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Numbers {
    pub weights: Vec<f32>,
    /// Running (mean, variance) of every channel.
    pub running: Vec<f32>,
}

impl Layout {
    pub(super) fn new() -> Self {
        let specs: Vec<WeightSpec> = encoder_weights().into_iter().chain(decoder_weights()).collect();
        let mut layout = Layout { weights: IndexMap::new(), len: 0, running: IndexMap::new(), channels: 0 };
        let heads = HEADS.iter().filter_map(|name| specs.iter().find(|spec| spec.name == *name));
        let others = specs.iter().filter(|spec| !HEADS.contains(&spec.name.as_str()));
        for spec in heads.chain(others) {
            if spec.is_trained() {
                layout.weights.insert(spec.name.clone(), (spec.clone(), layout.len));
                layout.len += spec.len();
            } else if let Some(layer) = spec.name.strip_suffix(".running_mean") {
                layout.running.insert(layer.to_owned(), (layout.channels, spec.len()));
                layout.channels += spec.len();
            }
        }
        layout
    }

    /// Where a weight begins.
    pub(super) fn at(&self, name: &str) -> usize {
        self.weights.get(name).map_or(0, |(_, at)| *at)
    }

    /// The weight that holds the number at this place.
    pub(super) fn name_of(&self, number: usize) -> &str {
        let holds = |(_, (spec, at)): &(&String, &(WeightSpec, usize))| (*at..at + spec.len()).contains(&number);
        self.weights.iter().find(holds).map_or("", |(name, _)| name)
    }

    /// The layers with running statistics: name, first channel, channels.
    pub(super) fn running(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        self.running.iter().map(|(layer, (first, channels))| (layer.as_str(), *first, *channels))
    }

    /// Weights and statistics in their places.
    ///
    /// # Errors
    /// One that is missing or of another shape.
    pub(super) fn numbers(&self, set: &WeightSet) -> Result<Numbers> {
        let mut numbers = Numbers { weights: vec![0.0; self.len], running: vec![0.0; 2 * self.channels] };
        for (spec, at) in self.weights.values() {
            numbers.weights[*at..at + spec.len()].copy_from_slice(set.get(&spec.name, &spec.dims)?);
        }
        for (layer, first, channels) in self.running() {
            for (which, what) in ["running_mean", "running_var"].into_iter().enumerate() {
                let from = set.get(&format!("{layer}.{what}"), &[channels])?;
                let to = numbers.running[2 * first + which..].iter_mut().step_by(2);
                to.zip(from).for_each(|(to, from)| *to = *from);
            }
        }
        Ok(numbers)
    }

    /// The weights of a network.
    ///
    /// # Errors
    /// A number that is not finite.
    pub(super) fn set(&self, numbers: &Numbers, specs: &[WeightSpec]) -> Result<WeightSet> {
        let mut set = WeightSet::default();
        for WeightSpec { name, dims, .. } in specs {
            let own = match self.weights.get(name) {
                Some((spec, at)) => numbers.weights[*at..at + spec.len()].to_vec(),
                None => self.statistics(numbers, name),
            };
            set.insert(name, dims, own)?;
        }
        Ok(set)
    }

    fn statistics(&self, numbers: &Numbers, name: &str) -> Vec<f32> {
        let Some((layer, what)) = name.rsplit_once('.') else { return vec![] };
        let Some((first, channels)) = self.running.get(layer) else { return vec![] };
        let own = &numbers.running[2 * first..2 * (first + channels)];
        own.iter().skip(usize::from(what == "running_var")).step_by(2).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_has_a_place_of_its_own_and_comes_back() {
        let layout = Layout::new();
        let (encoder, decoder) = (encoder_weights(), decoder_weights());
        let all: Vec<WeightSpec> = encoder.iter().chain(&decoder).cloned().collect();
        let trained = all.iter().filter(|spec| spec.is_trained()).map(WeightSpec::len).sum::<usize>();
        assert_eq!(layout.len, trained);
        assert_eq!(layout.channels, 128 + 256 + 512 + 512 + 256 + 128 + 64);
        let set = WeightSet::initial(&all, 3);
        let numbers = layout.numbers(&set).unwrap();
        for specs in [&encoder, &decoder] {
            let back = layout.set(&numbers, specs).unwrap();
            specs
                .iter()
                .for_each(|s| assert_eq!(back.get(&s.name, &s.dims).unwrap(), set.get(&s.name, &s.dims).unwrap()));
        }
        let at = layout.at("decoder.3.weight");
        assert_eq!((layout.name_of(at), layout.name_of(at + 5)), ("decoder.3.weight", "decoder.3.weight"));
        assert!(all.iter().filter(|spec| spec.is_trained()).all(|spec| layout.at(&spec.name).is_multiple_of(4)));
        let [mean, log_std] = [0, 1].map(|k| layout.at(HEADS[k]));
        assert_eq!(log_std - mean, 64 * 4096);
    }
}
