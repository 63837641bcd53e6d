//! The error of the interpolated deflection.

use std::f64::consts::FRAC_PI_2;

use arclet::lens::mass::{MassProfile, Sple, SpleTable};

/// Points of the sequence.
const POINTS: usize = 50_000;

/// |alpha of the table - alpha| / |alpha|, which depends neither on radius nor on r_Ein.
pub struct Error {
    pub rms: f64,
    pub largest: f64,
}

/// Over points spread evenly in eta, q in [0.2, 1] and gamma in [1.3, 2.7]: the paper's priors within one to one and a half
/// standard deviations of their means, where the profile is defined.
pub fn error(table: &SpleTable) -> Error {
    over(table, |at| at)
}

/// The error of one direction alone, with so many nodes in it: at points that are nodes of the other two.
pub fn error_along(direction: usize, nodes: usize) -> arclet::lens::Result<Error> {
    // Steps of pi / 64 in eta and of 0.1 in q and gamma: the ends of q and gamma above are nodes.
    let (mut sizes, steps) = ([33, 10, 19], [FRAC_PI_2 / 32.0, 0.1, 0.1]);
    sizes[direction] = nodes;
    let to_node = |at: [f64; 3]| {
        std::array::from_fn(|i| if i == direction { at[i] } else { (at[i] / steps[i]).round() * steps[i] })
    };
    Ok(over(&SpleTable::new(sizes[0], sizes[1], sizes[2])?, to_node))
}

fn over(table: &SpleTable, moved: impl Fn([f64; 3]) -> [f64; 3]) -> Error {
    let errors = (0..POINTS).map(|k| {
        // Additive recurrence by powers of the inverse of 1.2207.., the root of x^4 = x + 1.
        let at = [0.819_172_513_4, 0.671_043_606_7, 0.549_700_477_9].map(|step: f64| (0.5 + step * k as f64).fract());
        let [eta, q, gamma] = moved([FRAC_PI_2 * at[0], 0.2 + 0.8 * at[1], 1.3 + 1.4 * at[2]]);
        let (sin, cos) = eta.sin_cos();
        // Rounding may put a node at q = 1 just above it.
        let params = [1.0, gamma, q.min(1.0), 0.0, 0.0, 0.0];
        let (got, exact) = (table.point(&params, cos, sin).alpha, Sple.point(&params, cos, sin).alpha);
        (got[0] - exact[0]).hypot(got[1] - exact[1]) / exact[0].hypot(exact[1])
    });
    let (sum, largest) = errors.fold((0.0, 0.0_f64), |(sum, largest), e| (sum + e * e, largest.max(e)));
    Error { rms: (sum / POINTS as f64).sqrt(), largest }
}
