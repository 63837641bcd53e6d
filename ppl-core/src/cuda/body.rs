//! See ../autodiff/body.rs: Body, Places, Lanes (ppl_core::autodiff::{Body, Places, Lanes}), and FusedOp::body in autodiff/op.rs. (This file is a signpost; it will be removed.)
