//! The store: params and mutables, as they pass from step to step.

use indexmap::IndexMap;
use ppl_core::autodiff::{Dims, Element, Shape, Value};
use ppl_core::distributions::Support;
use ppl_core::{ParamSpace, Values};
use serde::{Deserialize, Serialize};

use super::numbers;
use super::optimizer::Memory;

/// All that training moves, in the order in which model and guide first named it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Store {
    pub params: IndexMap<String, Param>,
    pub mutables: IndexMap<String, Mutable>,
}

/// One param.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Param {
    /// Dimensions of its value, which a constraint may make others than those of the numbers.
    dims: Vec<usize>,
    support: Support,
    /// The unconstrained numbers.
    #[serde(with = "numbers")]
    pub numbers: Value,
    pub memory: Memory,
}

/// One mutable.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Mutable {
    #[serde(with = "numbers")]
    pub value: Value,
}

/// The numbers of all params and mutables, without what the optimizer remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Snapshot {
    params: Vec<Mutable>,
    mutables: Vec<Mutable>,
}

impl std::fmt::Debug for Param {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Param({:?} in {:?})", self.dims, self.support)
    }
}

impl std::fmt::Debug for Mutable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mutable({})", self.value.dims())
    }
}

impl Param {
    /// A param at its start.
    pub(super) fn new(site: &str, initial: &Value, support: Support) -> ppl_core::Result<Self> {
        let dims = initial.dims().sizes().to_vec();
        let numbers = ParamSpace::new(site, &dims, support)?.unconstrain(site, initial)?;
        let memory = Memory::of(&numbers);
        Ok(Param { dims, support, numbers, memory })
    }

    /// The dimensions of its value.
    pub(super) fn dims(&self) -> Dims {
        Dims::new(&self.dims)
    }

    /// The value of unconstrained numbers.
    pub(super) fn constrain(&self, site: &str, numbers: &Value) -> ppl_core::Result<Value> {
        ParamSpace::new(site, &self.dims, self.support)?.constrain(site, numbers)
    }
}

impl Store {
    /// Params on their constrained scale, and mutables.
    pub(super) fn values(&self) -> ppl_core::Result<Values> {
        let mut values = Values::new();
        for (site, param) in &self.params {
            values.insert(site, param.constrain(site, &param.numbers)?);
        }
        for (site, mutable) in &self.mutables {
            values.insert(site, mutable.value.clone());
        }
        Ok(values)
    }

    /// The numbers as they are now: handles, no copies.
    pub(super) fn snapshot(&self) -> Snapshot {
        let of = |value: &Value| Mutable { value: value.clone() };
        Snapshot {
            params: self.params.values().map(|param| of(&param.numbers)).collect(),
            mutables: self.mutables.values().map(|mutable| of(&mutable.value)).collect(),
        }
    }

    /// Back to the numbers of a snapshot; what has joined since stays as it is.
    pub(super) fn restore(&mut self, snapshot: &Snapshot) {
        let params = self.params.values_mut().zip(&snapshot.params);
        params.for_each(|(param, then)| param.numbers = then.value.clone());
        let mutables = self.mutables.values_mut().zip(&snapshot.mutables);
        mutables.for_each(|(mutable, then)| mutable.value = then.value.clone());
    }
}

/// The mean over the lanes of a value, cut off from its tape.
pub(super) fn mean_over_lanes(value: &Value) -> Value {
    let (lanes, dims) = (value.lanes(), value.dims());
    if lanes == 1 {
        return value.detached();
    }
    let all = value.data().to_f64();
    let mut mean = vec![0.0; dims.len()];
    for lane in all.chunks_exact(dims.len().max(1)) {
        mean.iter_mut().zip(lane).for_each(|(m, x)| *m += x / lanes as f64);
    }
    let shape = Shape::new(1, dims);
    match value.element() {
        Element::F64 => Value::constant(shape, mean),
        Element::F32 => Value::constant(shape, mean.iter().map(|x| *x as f32).collect::<Vec<f32>>()),
    }
}
