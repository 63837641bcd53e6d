//! Values on disk: dimensions and numbers, in the precision that they have.

use ppl_core::autodiff::{Dims, Element, Shape, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// What is read.
#[derive(Deserialize)]
struct Packed {
    dims: Vec<usize>,
    numbers: Numbers,
}

#[derive(Deserialize)]
enum Numbers {
    F64(Vec<f64>),
    F32(Vec<f32>),
}

/// The same, as it is written.
#[derive(Serialize)]
struct Borrowed<'a> {
    dims: &'a [usize],
    numbers: Slices<'a>,
}

#[derive(Serialize)]
enum Slices<'a> {
    F64(&'a [f64]),
    F32(&'a [f32]),
}

/// For `#[serde(with = "numbers")]`: a value that all lanes share.
pub(super) fn serialize<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    let numbers = match value.element() {
        Element::F64 => Slices::F64(value.data().numbers()),
        Element::F32 => Slices::F32(value.data().pixels()),
    };
    Borrowed { dims: value.dims().sizes(), numbers }.serialize(serializer)
}

/// For `#[serde(with = "numbers")]`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let Packed { dims, numbers } = Packed::deserialize(deserializer)?;
    let len = match &numbers {
        Numbers::F64(numbers) => numbers.len(),
        Numbers::F32(pixels) => pixels.len(),
    };
    if dims.len() > Dims::MAX_RANK || dims.iter().product::<usize>() != len {
        return Err(D::Error::custom("numbers that do not fill their dimensions"));
    }
    let shape = Shape::new(1, Dims::new(&dims));
    Ok(match numbers {
        Numbers::F64(numbers) => Value::constant(shape, numbers),
        Numbers::F32(pixels) => Value::constant(shape, pixels),
    })
}
