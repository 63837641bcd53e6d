//! Morphology: non-parametric statistics of the image of a galaxy.

mod aperture;
mod asymmetry;
mod concentration;
mod gini;
mod m20;
mod measure;
mod noise;
mod petrosian;
mod second_moments;
mod segmentation;
mod smoothness;

pub use measure::Morphology;
