//! The geometric mean of two covariances.

use nalgebra::{DMatrix, SymmetricEigen};

/// The symmetric `A` with `A G A = S`: the geometric mean `S # G^-1 = G^(-1/2) (G^(1/2) S G^(1/2))^(1/2) G^(-1/2)`.
///
/// With S the covariance of draws and G that of gradients of the log density there, the normal density of covariance A is the
/// one nearest to the posterior in Fisher divergence (Seyboldt, Carlson & Carpenter 2026, arXiv:2603.18845). `None` where one of the two is not positive definite.
pub fn geometric_mean(draws: DMatrix<f64>, gradients: &DMatrix<f64>) -> Option<DMatrix<f64>> {
    let root = square_root(gradients.clone())?;
    let inverse = root.clone().try_inverse()?;
    let middle = square_root(&root * draws * &root)?;
    let mean = &inverse * middle * &inverse;
    Some((&mean + mean.transpose()) * 0.5)
}

/// The symmetric square root of a positive definite matrix.
fn square_root(matrix: DMatrix<f64>) -> Option<DMatrix<f64>> {
    let positive = |values: &[f64]| values.iter().all(|value| value.is_finite() && *value > 0.0);
    let SymmetricEigen { eigenvalues, eigenvectors } = SymmetricEigen::try_new(matrix, f64::EPSILON, 0)?;
    let root = DMatrix::from_diagonal(&eigenvalues.map(f64::sqrt));
    positive(eigenvalues.as_slice()).then(|| &eigenvectors * root * eigenvectors.transpose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_its_definition_asks() {
        let s = DMatrix::from_row_slice(3, 3, &[4.0, 1.2, -0.6, 1.2, 1.0, 0.3, -0.6, 0.3, 2.0]);
        let g = DMatrix::from_row_slice(3, 3, &[0.5, 0.1, 0.0, 0.1, 7.0, -0.4, 0.0, -0.4, 1.5]);
        let a = geometric_mean(s.clone(), &g).unwrap();
        assert!((&a * &g * &a - &s).amax() < 1e-13);
        let of_inverse = geometric_mean(s.clone(), &s.clone().try_inverse().unwrap()).unwrap();
        assert!((of_inverse - &s).amax() < 1e-13);
        assert_eq!(geometric_mean(s, &DMatrix::zeros(3, 3)), None);
    }
}
