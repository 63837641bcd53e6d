//! The profiles that have a counterpart, and how their parameters go over.

use crate::parameter::ParameterKind;
use crate::{light, mass};

/// One or two parameters of a profile of the standard, and what they are here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Field {
    /// The same number.
    Same(&'static str, &'static str),
    /// A brightness, per square arcsec there and per pixel here.
    Brightness(&'static str, &'static str),
    /// `q` and `phi`, which are `e1` and `e2`.
    Ellipse,
    /// `gamma_ext` and `phi_ext`, which are `gamma1` and `gamma2`.
    Shear,
}

/// A profile of the standard and its counterpart.
pub(super) struct Counterpart {
    pub theirs: &'static str,
    pub ours: &'static str,
    pub fields: &'static [Field],
}

const THETA_E: Field = Field::Same("theta_E", "theta_E");
const CENTER_X: Field = Field::Same("center_x", "center_x");
const CENTER_Y: Field = Field::Same("center_y", "center_y");

pub(super) static MASS: [Counterpart; 4] = [
    Counterpart { theirs: "SIE", ours: "sie", fields: &[THETA_E, Field::Ellipse, CENTER_X, CENTER_Y] },
    Counterpart {
        theirs: "PEMD",
        ours: "epl",
        fields: &[THETA_E, Field::Same("gamma", "gamma"), Field::Ellipse, CENTER_X, CENTER_Y],
    },
    Counterpart { theirs: "ExternalShear", ours: "shear", fields: &[Field::Shear] },
    Counterpart { theirs: "ConvergenceSheet", ours: "convergence", fields: &[Field::Same("kappa_s", "kappa")] },
];

pub(super) static LIGHT: [Counterpart; 2] = [
    Counterpart {
        theirs: "Sersic",
        ours: "sersic_lenstronomy_bn",
        fields: &[
            Field::Brightness("I_eff", "amp"),
            Field::Same("theta_eff", "R_sersic"),
            Field::Same("n", "n_sersic"),
            Field::Ellipse,
            CENTER_X,
            CENTER_Y,
        ],
    },
    Counterpart { theirs: "Uniform", ours: "uniform", fields: &[Field::Brightness("A", "amp")] },
];

/// The kind of a parameter of a profile of this crate.
pub(super) fn kind_of(profile: &str, parameter: &str) -> Option<ParameterKind> {
    let mass = mass::ALL.iter().find(|p| p.name() == profile).map(|p| p.parameters());
    let table = mass.or_else(|| light::ALL.iter().find(|p| p.name() == profile).map(|p| p.parameters()))?;
    table.iter().find(|p| p.name == parameter).map(|p| p.kind)
}
