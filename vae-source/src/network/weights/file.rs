//! Files of weights: safetensors with PyTorch's names.

use std::fs;
use std::path::Path;

use half::{bf16, f16};
use ppl_core::atomic;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::set::WeightSet;
use super::spec::WeightSpec;
use crate::error::{Error, Result};

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits.
    Single,
    /// 16 bits, eleven of them significant, rounded by at most 5e-4 of each number. Tensors of at most 4096 numbers stay in 32 bits:
    /// the last kernel of a decoder and its batch normalisation are a thousandth of its size, and rounded they would make more than
    /// half of the error of its images.
    Half,
}

/// Numbers of the smallest tensors that are rounded.
const SMALL: usize = 4096;

impl Precision {
    fn is_rounded(self, numbers: &[f32]) -> bool {
        self == Precision::Half && numbers.len() > SMALL
    }
}

impl WeightSet {
    /// Reads the weights of a network (32-bit, 16-bit or bfloat16 numbers); a file may hold others too.
    ///
    /// # Errors
    /// [`Error::Io`]; else [`Error::InFile`] around what [`WeightSet::from_bytes`] returns.
    pub fn read(path: impl AsRef<Path>, specs: &[WeightSpec]) -> Result<Self> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|cause| Error::Io { path: path.to_owned(), action: "read", cause })?;
        Self::from_bytes(&bytes, specs).map_err(|cause| Error::InFile { path: path.to_owned(), cause: Box::new(cause) })
    }

    /// Reads the weights of a network from the bytes of such a file.
    ///
    /// # Errors
    /// [`Error::Weights`] for what is no whole safetensors file, [`Error::MissingWeight`], [`Error::WeightShape`],
    /// [`Error::WeightType`], [`Error::WeightNotFinite`].
    pub fn from_bytes(bytes: &[u8], specs: &[WeightSpec]) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes).map_err(|cause| Error::Weights { cause })?;
        let mut set = WeightSet::default();
        for WeightSpec { name, dims, .. } in specs {
            let tensor = file.tensor(name).map_err(|_| Error::MissingWeight { name: name.clone() })?;
            if tensor.shape() != dims {
                let (expected, got) = (dims.clone(), tensor.shape().to_vec());
                return Err(Error::WeightShape { name: name.clone(), expected, got });
            }
            set.insert(name, dims, numbers(name, &tensor)?)?;
        }
        Ok(set)
    }

    /// Writes all weights, beside their place first and renamed into it when whole.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(&self, path: impl AsRef<Path>, precision: Precision) -> Result<()> {
        let path = path.as_ref();
        let bytes = self.to_bytes(precision)?;
        atomic::replace(path, |out| std::io::Write::write_all(out, &bytes)).map_err(|cause| Error::Io {
            path: path.to_owned(),
            action: "write",
            cause,
        })
    }

    /// All weights as the bytes of a safetensors file; the same weights give the same bytes.
    ///
    /// # Errors
    /// A number beyond those of half precision, 65504, as [`Error::WeightNotFinite`].
    pub fn to_bytes(&self, precision: Precision) -> Result<Vec<u8>> {
        let mut data = vec![];
        for (name, tensor) in self.iter() {
            let rounded = precision.is_rounded(&tensor.numbers);
            let bytes: Vec<u8> = match rounded {
                false => tensor.numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
                true => tensor.numbers.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect(),
            };
            let overflow = |number: &f32| rounded && !f16::from_f32(*number).is_finite();
            if let Some(index) = tensor.numbers.iter().position(overflow) {
                return Err(Error::WeightNotFinite { name: name.to_owned(), index, value: tensor.numbers[index] });
            }
            let dtype = if rounded { Dtype::F16 } else { Dtype::F32 };
            data.push((name, dtype, tensor.dims.clone(), bytes));
        }
        let views = data
            .iter()
            .map(|(name, dtype, dims, bytes)| TensorView::new(*dtype, dims.clone(), bytes).map(|view| (name, view)));
        let views: Result<Vec<_>, _> = views.collect();
        views.and_then(|views| safetensors::serialize(views, None)).map_err(|cause| Error::Weights { cause })
    }
}

fn numbers(name: &str, tensor: &TensorView<'_>) -> Result<Vec<f32>> {
    let halves = |number: fn([u8; 2]) -> f32| tensor.data().as_chunks().0.iter().map(|b| number(*b)).collect();
    match tensor.dtype() {
        Dtype::F32 => Ok(tensor.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        Dtype::F16 => Ok(halves(|bytes| f16::from_le_bytes(bytes).to_f32())),
        Dtype::BF16 => Ok(halves(|bytes| bf16::from_le_bytes(bytes).to_f32())),
        other => Err(Error::WeightType { name: name.to_owned(), got: other.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::weights::Kind;

    fn specs() -> Vec<WeightSpec> {
        let spec = |name: &str, dims: &[usize], kind| WeightSpec::new(name.to_owned(), dims, kind);
        vec![spec("decoder.0.weight", &[32, 9, 4, 4], Kind::Kernel), spec("decoder.1.weight", &[2], Kind::Factor)]
    }

    fn message(bytes: &[u8], specs: &[WeightSpec]) -> String {
        WeightSet::from_bytes(bytes, specs).unwrap_err().to_string()
    }

    #[test]
    fn weights_come_back_bit_for_bit_and_in_half_precision_rounded() {
        let set = WeightSet::initial(&specs(), 1);
        let path = tempfile::tempdir().unwrap().keep().join("decoder.safetensors");
        set.write(&path, Precision::Single).unwrap();
        assert_eq!(WeightSet::read(&path, &specs()).unwrap(), set);
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
        let halves = WeightSet::from_bytes(&set.to_bytes(Precision::Half).unwrap(), &specs()).unwrap();
        for ((name, half), (_, single)) in halves.iter().zip(set.iter()) {
            assert_eq!(half.numbers == single.numbers, single.numbers.len() <= SMALL, "{name}");
            for (half, single) in half.numbers.iter().zip(&single.numbers) {
                // Eleven bits; below 6e-5 halves have fewer.
                assert!((half - single).abs() <= single.abs() * 4.9e-4 + 3e-8, "{half} {single}");
            }
        }
    }

    #[test]
    fn every_mistake_in_a_file_is_one_line_that_says_what_is_wrong() {
        let set = WeightSet::initial(&specs(), 1);
        let bytes = set.to_bytes(Precision::Single).unwrap();
        for length in [0, 3, 40, bytes.len() - 1] {
            let error = message(&bytes[..length], &specs());
            assert!(error.contains("no whole safetensors file") && !error.contains('\n'), "{error}");
        }
        let mut wider = specs();
        wider[0].dims = vec![32, 5, 4, 4];
        let error = message(&bytes, &wider);
        assert!(
            error.contains("`decoder.0.weight`") && error.contains("[32, 9, 4, 4]") && error.contains("[32, 5, 4, 4]")
        );
        wider[0].name = "decoder.9.weight".to_owned();
        assert!(message(&bytes, &wider).contains("no weight `decoder.9.weight`"));

        let [mut nan, mut large] = [bytes.clone(), bytes.clone()];
        let end = bytes.len() - 4;
        nan[end..].copy_from_slice(&f32::NAN.to_le_bytes());
        let error = message(&nan, &specs());
        assert!(error.contains("`decoder.1.weight` is NaN at 1"), "{error}");
        // The kernel ends where the two factors begin.
        large[end - 8..end - 4].copy_from_slice(&1e6_f32.to_le_bytes());
        let large = WeightSet::from_bytes(&large, &specs()).unwrap();
        let error = large.to_bytes(Precision::Half).unwrap_err().to_string();
        assert!(error.contains("`decoder.0.weight` is 1000000 at 4607"), "{error}");

        let integers = TensorView::new(Dtype::I32, vec![2], &[0; 8]).unwrap();
        let bytes = safetensors::serialize([("decoder.1.weight", integers)], None).unwrap();
        let error = message(&bytes, &specs()[1..]);
        assert!(error.contains("`decoder.1.weight` has numbers of type I32"), "{error}");
    }

    #[test]
    fn a_set_refuses_numbers_that_do_not_fill_the_shape() {
        let error = WeightSet::default().insert("a", &[2, 3], vec![0.0; 5]).unwrap_err().to_string();
        assert!(error.contains("`a` of shape [2, 3] was given 5 numbers"), "{error}");
    }
}
