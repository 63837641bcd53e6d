//! The latent prior: what the latent numbers of galaxies are like, as a normal fitted to the means that the encoder gives them.

use std::fs;
use std::path::Path;

use nalgebra::DMatrix;
use ppl_core::Var;
use ppl_core::atomic;
use ppl_core::distributions::{Multivariate, MultivariateNormal};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::{Error, Result};
use crate::network::LATENT;

/// The factor that the paper widens the covariance of the encoded means by (section 3.3), so that galaxies unlike those of the
/// training set are not ruled out.
pub const WIDENING: f64 = 9.0;

/// N(loc, L L^T) over 64 latent numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct LatentPrior {
    /// The mean of the encoded means.
    pub loc: Vec<f64>,
    /// L, the lower-triangular factor of the covariance, row after row.
    pub scale_tril: Vec<f64>,
}

impl LatentPrior {
    /// Fitted to latent numbers `[n, 64]`, its covariance multiplied by `widening`.
    ///
    /// # Errors
    /// Too few of them for a covariance: [`Error::LatentCovariance`].
    pub fn fit(codes: &[f64], widening: f64) -> Result<Self> {
        let n = codes.len() / LATENT;
        let mut loc = vec![0.0; LATENT];
        for row in codes.chunks_exact(LATENT) {
            loc.iter_mut().zip(row).for_each(|(mean, z)| *mean += z / n as f64);
        }
        let centred = DMatrix::from_fn(n, LATENT, |i, j| codes[i * LATENT + j] - loc[j]);
        let covariance = centred.tr_mul(&centred) * (widening / (n.saturating_sub(1)) as f64);
        let factor = covariance.cholesky().ok_or(Error::LatentCovariance { got: n })?.l();
        let scale_tril = (0..LATENT * LATENT).map(|k| factor[(k / LATENT, k % LATENT)]).collect();
        Ok(LatentPrior { loc, scale_tril })
    }

    /// N(0, I): what the autoencoder is trained with.
    #[must_use]
    pub fn standard() -> Self {
        let diagonal = |k| if k / LATENT == k % LATENT { 1.0 } else { 0.0 };
        LatentPrior { loc: vec![0.0; LATENT], scale_tril: (0..LATENT * LATENT).map(diagonal).collect() }
    }

    /// As a distribution of 64 numbers.
    ///
    /// # Errors
    /// None for a prior that was fitted or read.
    pub fn distribution(&self) -> ppl_core::Result<Multivariate<MultivariateNormal>> {
        let factor = Var::matrix(LATENT, LATENT, self.scale_tril.clone())?;
        Ok(MultivariateNormal::with_scale_tril(self.loc.clone(), factor))
    }

    /// z = loc + L u.
    #[must_use]
    pub fn transformed(&self, u: &[f64]) -> Vec<f64> {
        let rows = self.scale_tril.chunks_exact(LATENT).zip(&self.loc);
        rows.map(|(row, loc)| loc + row.iter().zip(u).map(|(l, u)| l * u).sum::<f64>()).collect()
    }

    /// Writes a safetensors file of `loc` `[64]` and `scale_tril` `[64, 64]`, F64.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(&self, path: &Path) -> Result<()> {
        let bytes = self.to_bytes()?;
        let failed = |cause| Error::Io { path: path.to_owned(), action: "write", cause };
        atomic::replace(path, |out| std::io::Write::write_all(out, &bytes)).map_err(failed)
    }

    /// The bytes of such a file.
    ///
    /// # Errors
    /// None that a prior can cause.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let bytes = |numbers: &[f64]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let (loc, factor) = (bytes(&self.loc), bytes(&self.scale_tril));
        let view = |dims: &[usize], data| TensorView::new(Dtype::F64, dims.to_vec(), data);
        let views = view(&[LATENT], &loc).and_then(|l| Ok([("loc", l), ("scale_tril", view(&[LATENT; 2], &factor)?)]));
        views.and_then(|views| safetensors::serialize(views, None)).map_err(|cause| Error::Weights { cause })
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// A file that cannot be read, or holds something else, with its name.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|cause| Error::Io { path: path.to_owned(), action: "read", cause })?;
        Self::from_bytes(&bytes).map_err(|cause| Error::InFile { path: path.to_owned(), cause: Box::new(cause) })
    }

    /// Reads the bytes of such a file.
    ///
    /// # Errors
    /// Bytes that are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes).map_err(|cause| Error::Weights { cause })?;
        let numbers = |name: &str, dims: &[usize]| {
            let tensor = file.tensor(name).map_err(|_| Error::MissingWeight { name: name.to_owned() })?;
            if tensor.shape() != dims || tensor.dtype() != Dtype::F64 {
                let (expected, got) = (dims.to_vec(), tensor.shape().to_vec());
                return Err(Error::WeightShape { name: name.to_owned(), expected, got });
            }
            let all: Vec<f64> = tensor.data().as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
            match all.iter().position(|x| !x.is_finite()) {
                Some(index) => Err(Error::WeightNotFinite { name: name.to_owned(), index, value: all[index] as f32 }),
                None => Ok(all),
            }
        };
        Ok(LatentPrior { loc: numbers("loc", &[LATENT])?, scale_tril: numbers("scale_tril", &[LATENT; 2])? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::distributions::Distribution;
    use rand_distr::{Distribution as _, StandardNormal};

    fn codes(n: usize) -> Vec<f64> {
        let mut rng = ppl_core::rng::keyed(3, "codes", 0);
        let unit: Vec<f64> = StandardNormal.sample_iter(&mut rng).take(n * LATENT).collect();
        // Each number is half the one before it, and a shift.
        unit.chunks_exact(LATENT)
            .flat_map(|row| (0..LATENT).map(|j| 1.0 + row[j] + if j > 0 { 0.5 * row[j - 1] } else { 0.0 }))
            .collect()
    }

    #[test]
    fn the_fit_has_the_mean_and_the_widened_covariance_of_the_codes() {
        let prior = LatentPrior::fit(&codes(20_000), WIDENING).unwrap();
        let l = |i: usize, j: usize| prior.scale_tril[i * LATENT + j];
        let covariance = |i: usize, j: usize| (0..LATENT).map(|k| l(i, k) * l(j, k)).sum::<f64>();
        // Five standard errors of 20,000 draws.
        assert!(prior.loc.iter().all(|m| (m - 1.0).abs() < 0.04));
        for (i, j, expected) in [(0, 0, 1.0), (5, 5, 1.25), (5, 6, 0.5), (5, 8, 0.0)] {
            assert!((covariance(i, j) - 9.0 * expected).abs() < 9.0 * 0.06, "{i} {j}");
        }
        assert_eq!(LatentPrior::from_bytes(&prior.to_bytes().unwrap()).unwrap(), prior);
        assert_eq!(prior.transformed(&[0.0; LATENT]), prior.loc);
        assert_eq!(prior.distribution().unwrap().dims().sizes(), [LATENT]);
    }

    #[test]
    fn too_few_codes_and_a_damaged_file_are_refused() {
        let error = LatentPrior::fit(&codes(10), 1.0).unwrap_err().to_string();
        assert!(error.contains("10") && error.contains("64"), "{error}");
        let bytes = LatentPrior::fit(&codes(200), 1.0).unwrap().to_bytes().unwrap();
        assert!(LatentPrior::from_bytes(&bytes[..bytes.len() - 3]).is_err());
    }
}
