//! Rule: the nodes of Gauss and Legendre on the side of a cell, and what each of them counts.

use std::sync::LazyLock;

use crate::quadrature::gauss_legendre;

/// The most sub-pixels along the side of a cell that has its own number of them.
pub const FINEST: usize = 32;
/// Second moment of a cell that is filled evenly, along one axis in units of its width.
const EVEN: f64 = 1.0 / 12.0;

/// The nodes of k points between -1/2 and 1/2, and the share of each of k x k of them in the mean; along a side the weights for
/// the mean, <v u> and <v (u^2 - 1/12)>.
pub struct Rule {
    pub nodes: Vec<f64>,
    pub shares: Vec<f32>,
    pub along: Vec<[f32; 3]>,
}

pub static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| (1..=FINEST).map(Rule::new).collect());

impl Rule {
    fn new(k: usize) -> Self {
        let rule = gauss_legendre(k);
        let nodes: Vec<f64> = rule.iter().map(|[x, _]| 0.5 * x).collect();
        let weights: Vec<f64> = rule.iter().map(|[_, weight]| 0.5 * weight).collect();
        let shares = weights.iter().flat_map(|a| weights.iter().map(move |b| (a * b) as f32)).collect();
        let along =
            nodes.iter().zip(&weights).map(|(u, w)| [*w, w * u, w * (u * u - EVEN)].map(|w| w as f32)).collect();
        Rule { nodes, shares, along }
    }
}
