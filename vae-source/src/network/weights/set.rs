//! A set of weights by name.

use std::collections::HashMap;

use indexmap::IndexMap;
use ppl_core::Array;
use ppl_core::autodiff::Tape;

use super::source::Weights;
use super::spec::WeightSpec;
use crate::error::{Error, Result};

/// Weights by name, in the order of their network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeightSet {
    tensors: IndexMap<String, Tensor>,
}

/// One weight of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its shape.
    pub dims: Vec<usize>,
    /// Its numbers, row after row.
    pub numbers: Vec<f32>,
}

impl WeightSet {
    /// Weights at the start of a training.
    #[must_use]
    pub fn initial(specs: &[WeightSpec], seed: u64) -> Self {
        let tensor = |spec: &WeightSpec| Tensor { dims: spec.dims.clone(), numbers: spec.initial(seed) };
        WeightSet { tensors: specs.iter().map(|spec| (spec.name.clone(), tensor(spec))).collect() }
    }

    /// Puts a weight in, in the place of one of the same name.
    ///
    /// # Errors
    /// [`Error::WeightCount`], [`Error::WeightNotFinite`].
    pub fn insert(&mut self, name: impl Into<String>, dims: &[usize], numbers: Vec<f32>) -> Result<()> {
        let name = name.into();
        if dims.iter().product::<usize>() != numbers.len() {
            return Err(Error::WeightCount { name, dims: dims.to_vec(), got: numbers.len() });
        }
        if let Some(index) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(Error::WeightNotFinite { name, index, value: numbers[index] });
        }
        self.tensors.insert(name, Tensor { dims: dims.to_vec(), numbers });
        Ok(())
    }

    /// The weight of a name and shape.
    ///
    /// # Errors
    /// [`Error::MissingWeight`], [`Error::WeightShape`].
    pub fn get(&self, name: &str, dims: &[usize]) -> Result<&[f32]> {
        let tensor = self.tensors.get(name).ok_or_else(|| Error::MissingWeight { name: name.to_owned() })?;
        if tensor.dims != dims {
            let (expected, got) = (dims.to_vec(), tensor.dims.clone());
            return Err(Error::WeightShape { name: name.to_owned(), expected, got });
        }
        Ok(&tensor.numbers)
    }

    /// Whether every weight of a network is there, with its shape.
    ///
    /// # Errors
    /// As [`WeightSet::get`], for the first that is not.
    pub fn check(&self, specs: &[WeightSpec]) -> Result<()> {
        specs.iter().try_for_each(|spec| self.get(&spec.name, &spec.dims).map(|_| ()))
    }

    /// All weights, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The weights as arrays that a network can take any number of times; leaves of `tape`, if one is given.
    #[must_use]
    pub fn arrays(&self, tape: Option<&Tape>) -> Arrays {
        let array = |tensor: &Tensor| {
            let pixels = tensor.numbers.clone();
            Array::leaf(tape.unwrap_or(&Tape::default()), 1, &tensor.dims, pixels)
        };
        let arrays = self.tensors.iter().map(|(name, tensor)| (name.clone(), array(tensor))).collect();
        Arrays { arrays, observed: vec![] }
    }
}

/// The weights of a [`WeightSet`] as arrays.
pub struct Arrays {
    arrays: HashMap<String, Array>,
    /// What batch-normalisation layers saw: layer, statistics `[2, channels]`, how many numbers.
    pub observed: Vec<(String, Array, usize)>,
}

impl Arrays {
    /// The array of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Array> {
        self.arrays.get(name)
    }
}

impl Weights for Arrays {
    type Error = Error;

    fn weight(&mut self, name: &str, dims: &[usize]) -> Result<Array> {
        let array = self.arrays.get(name).ok_or_else(|| Error::MissingWeight { name: name.to_owned() })?;
        if array.dims().sizes() != dims {
            let (expected, got) = (dims.to_vec(), array.dims().sizes().to_vec());
            return Err(Error::WeightShape { name: name.to_owned(), expected, got });
        }
        Ok(array.clone())
    }

    fn observe(&mut self, layer: &str, statistics: &Array, count: usize) -> Result<()> {
        self.observed.push((layer.to_owned(), statistics.clone(), count));
        Ok(())
    }
}
