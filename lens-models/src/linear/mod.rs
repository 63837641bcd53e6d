//! Linear amplitudes: what a Gaussian likelihood says of numbers that its image is linear in.
//!
//! The image is sum_k a_k B_k + rest, the noise Gaussian with weights W, the prior of each a_k normal. Then ln p(data, a) is a parabola
//! in a, whose matrix is A = B^T W B + prior precision: its integral over a is exact (`Marginal`), and so is its maximum over a >= 0
//! (`non_negative`).

mod amplitudes;
mod equations;
mod gradient;
mod marginal;
mod non_negative;
mod products;

pub use amplitudes::{AmplitudePrior, Amplitudes};
pub use equations::Equations;
pub(crate) use gradient::{each_stretch, gradients, room, slopes};
pub use marginal::Marginal;
pub use non_negative::non_negative;
pub use products::Target;
pub(crate) use products::{count, place, products};
