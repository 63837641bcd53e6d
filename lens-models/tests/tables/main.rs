//! Everything that is held against a table of `tests/data/`, in one program: each would compile the profiles again.

mod cosmology;
mod epl;
mod gradient;
mod halo;
mod mge;
mod plane_mapping;
mod planes;
mod point_images;
mod profiles;
mod read;
