//! Parameters to check a profile with, made from its own table.

use crate::parameter::{ParameterKind, ProfileParameter};

/// How many examples there are that differ; the first is round where that has a meaning.
pub const EXAMPLES: usize = 6;

/// Numbers inside the supports of a table of parameters; equal for equal `case`.
///
/// ```
/// use lens_models::{check::example, mass::{Epl, MassProfile}};
///
/// let round = example(Epl.parameters(), 0);
/// assert_eq!(round[2..], [0.0; 4]);
/// ```
pub fn example(table: &[ProfileParameter], case: usize) -> Vec<f64> {
    let kinds = table.iter().flat_map(|p| std::iter::repeat_n(p.kind, p.size));
    // The fractions of multiples of the golden ratio: spread evenly, and far from each other for neighbours.
    let fraction = |i: usize| (0.618_033_988_749_894_9 * (case * 31 + 7 * i + 1) as f64).fract();
    kinds.enumerate().map(|(i, kind)| if case == 0 { round(kind) } else { within(kind, fraction(i)) }).collect()
}

fn within(kind: ParameterKind, u: f64) -> f64 {
    let (low, high) = match kind {
        ParameterKind::EinsteinRadius => (0.8, 1.6),
        ParameterKind::Slope => (1.5, 2.5),
        ParameterKind::AxisRatio => (0.3, 0.95),
        ParameterKind::Angle => (-1.5, 1.5),
        ParameterKind::Ellipticity => (-0.4, 0.4),
        ParameterKind::Center | ParameterKind::Position => (-0.0625, 0.0625),
        ParameterKind::Shear => (-0.1, 0.1),
        ParameterKind::Amplitude | ParameterKind::Sky | ParameterKind::Coefficient => (0.5, 3.0),
        ParameterKind::Radius | ParameterKind::Width => (0.3, 1.5),
        ParameterKind::SersicIndex => (0.6, 4.0),
        ParameterKind::Other { low, high, .. } => match (low.is_finite(), high.is_finite()) {
            (true, true) => (0.75 * low + 0.25 * high, 0.25 * low + 0.75 * high),
            (true, false) => (low + 0.5, low + 1.5),
            (false, true) => (high - 1.5, high - 0.5),
            (false, false) => (-1.0, 1.0),
        },
    };
    low + u * (high - low)
}

fn round(kind: ParameterKind) -> f64 {
    match kind {
        ParameterKind::Ellipticity | ParameterKind::Shear | ParameterKind::Center | ParameterKind::Position => 0.0,
        ParameterKind::AxisRatio => 0.999,
        ParameterKind::Slope => 2.0,
        kind => within(kind, 0.3),
    }
}
