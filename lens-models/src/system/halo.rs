//! A halo by its mass: the `subhalo` of a system file, turned into the angles of a truncated NFW halo by redshifts and cosmology.

use ppl_core::autodiff::Value;
use ppl_core::{Result, Var};

use super::redshifts::Redshifts;
use crate::cosmology::{Concentration, Cosmology};
use crate::error::{self, Error};
use crate::mass::Tnfw;
use crate::op::{Deflector, HaloAt, Keys, halo_angles, scalars_of};
use crate::parameter::{ParameterKind, ProfileParameter};

/// A truncated NFW halo of mass M200 at the redshift of its component: `log10_m200 tau center_x center_y`, and after the mass
/// `concentration` where it is free, or `delta_log10_c` where it scatters about a relation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Halo {
    concentration: Concentration,
    scatter: bool,
}

const LOG10_M200: ProfileParameter = ProfileParameter::new(
    "log10_m200",
    ParameterKind::Other { low: 0.0, high: 17.0, prior: r#"{"uniform": {"low": 7.0, "high": 11.0}}"# },
    "lg Msun",
    r"\log_{10} M_{200}",
    "Mass within the radius of a mean density of 200 critical ones, of the halo without truncation.",
);
const CONCENTRATION: ProfileParameter = ProfileParameter::new(
    "concentration",
    ParameterKind::positive(r#"{"log_normal": {"loc": 2.5, "scale": 0.5}}"#),
    "",
    "c",
    "r200 over Rs.",
);
const DELTA: ProfileParameter = ProfileParameter::new(
    "delta_log10_c",
    // Dutton & Maccio 2014.
    ParameterKind::Other { low: -2.0, high: 2.0, prior: r#"{"normal": {"loc": 0.0, "scale": 0.11}}"# },
    "",
    r"\Delta \log_{10} c",
    "How far lg c lies above the relation.",
);
const TAU: ProfileParameter = ProfileParameter::new(
    "tau",
    ParameterKind::positive(r#"{"log_normal": {"loc": 2.3, "scale": 0.7}}"#),
    "",
    r"\tau",
    "Radius of the truncation over Rs.",
);
const X: ProfileParameter =
    ProfileParameter::new("center_x", ParameterKind::Position, "arcsec", "x_0", "Centre, to the right of the image's.");
const Y: ProfileParameter =
    ProfileParameter::new("center_y", ParameterKind::Position, "arcsec", "y_0", "Centre, upwards of the image's.");

static ON_RELATION: [ProfileParameter; 4] = [LOG10_M200, TAU, X, Y];
static FREE: [ProfileParameter; 5] = [LOG10_M200, CONCENTRATION, TAU, X, Y];
static SCATTERED: [ProfileParameter; 5] = [LOG10_M200, DELTA, TAU, X, Y];

impl Halo {
    /// Its name in a system file.
    pub const NAME: &'static str = "subhalo";
    pub(super) const KEYS: [&'static str; 2] = ["concentration", "scatter"];

    /// One whose concentration comes from there, without scatter.
    pub fn new(concentration: Concentration) -> Self {
        Halo { concentration, scatter: false }
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// A relation that there is not; scatter about none.
    pub(super) fn read(keys: &Keys<'_>) -> error::Result<Self> {
        let [of_concentration, of_scatter] = Self::KEYS;
        let place = || format!("{}: `{of_concentration}`", keys.place());
        let concentration = match keys.get::<String>(of_concentration)? {
            None => Concentration::default(),
            Some(name) => {
                let unknown =
                    || Error::unknown("concentration", &name, place(), Concentration::ALL.map(Concentration::name));
                Concentration::ALL.into_iter().find(|c| c.name() == name).ok_or_else(unknown)?
            }
        };
        let scatter = keys.get(of_scatter)?.unwrap_or(false);
        if scatter && concentration == Concentration::Free {
            let expected = "the name of a relation where there is `scatter`, which is about one".to_owned();
            return Err(Error::WrongForm { place: place(), expected });
        }
        Ok(Halo { concentration, scatter })
    }

    /// Its parameters.
    pub fn parameters(self) -> &'static [ProfileParameter] {
        match (self.concentration, self.scatter) {
            (Concentration::Free, _) => &FREE,
            (_, true) => &SCATTERED,
            (_, false) => &ON_RELATION,
        }
    }

    fn at(self, redshifts: Redshifts, z: Option<f64>) -> HaloAt {
        let concentration = self.concentration;
        HaloAt { concentration, z: z.unwrap_or(redshifts.lens), z_source: redshifts.source }
    }

    /// The parameters of [`Tnfw`] that its own stand for, its component being at `z` or, without, with the lens. NaN where one is missing.
    pub fn angles(self, values: &[f64], redshifts: Redshifts, cosmology: Cosmology, z: Option<f64>) -> [f64; 5] {
        let Some((lg, given, [tau, x, y])) = split(values) else { return [f64::NAN; 5] };
        let given = given.copied().unwrap_or(0.0);
        let [rs, alpha] = self.at(redshifts, z).angles(*lg, given, &cosmology);
        [rs, alpha, tau * rs, *x, *y]
    }

    /// The same on the tape.
    pub(super) fn deflector(
        self,
        values: &[Value],
        redshifts: Redshifts,
        cosmology: &[Value],
        z: Option<f64>,
    ) -> Result<Deflector> {
        let values = scalars_of(values)?;
        let Some((lg, given, [tau, x, y])) = split(&values) else {
            return Err(ppl_core::Error::ArrayLength { expected: self.parameters().len(), got: values.len() });
        };
        let given = given.cloned().unwrap_or_else(|| Var::scalar(0.0));
        let cosmology = redshifts.parameters(cosmology)?;
        let [rs, alpha] = halo_angles(self.at(redshifts, z), lg, &given, &cosmology)?.unstack()?;
        let r_trunc = tau * &rs;
        Deflector::new(&Tnfw, [rs, alpha, r_trunc, x.clone(), y.clone()])
    }
}

/// The mass, what is said of the concentration, and the rest.
fn split<V>(values: &[V]) -> Option<(&V, Option<&V>, [&V; 3])> {
    match values {
        [lg, tau, x, y] => Some((lg, None, [tau, x, y])),
        [lg, given, tau, x, y] => Some((lg, Some(given), [tau, x, y])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::system::System;

    fn read(keys: &str, cosmology: &str) -> error::Result<System> {
        let json = format!(
            r#"{{ "lens": [ {{ "name": "halo", "profile": "subhalo" {keys} }} ], {cosmology}
                 "source": [ {{ "name": "source", "profile": "sersic" }} ] }}"#
        );
        System::from_json(&json, Path::new("s.json"), Path::new("."))
    }

    const NEAR: &str = r#""cosmology": { "z_lens": 0.3, "z_source": 1.0 },"#;

    #[test]
    fn what_a_halo_cannot_be_is_one_line_that_says_so() {
        for (keys, cosmology, said) in [
            ("", "", "cosmology"),
            (r#", "concentration": "duffy_2009""#, NEAR, "duffy_2008"),
            (r#", "concentration": "free", "scatter": true"#, NEAR, "relation"),
            (r#", "scater": true"#, NEAR, "scatter"),
            (r#", "redshift": 1.5"#, NEAR, "z_source"),
            (r#", "parameters": { "log10_m200": { "value": 3e9 } }"#, NEAR, "0 to 17"),
            (r#", "parameters": { "concentration": { "value": 9 } }"#, NEAR, "concentration"),
        ] {
            let error = read(keys, cosmology).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(said) && error.lines().count() == 1, "{keys}: {error}");
        }
        let names = |keys: &str| {
            let system = read(keys, NEAR).unwrap();
            system.components[0].profile.parameters().iter().map(|p| p.name).collect::<Vec<_>>()
        };
        assert_eq!(names(""), ["log10_m200", "tau", "center_x", "center_y"]);
        assert_eq!(names(r#", "scatter": true"#)[1], "delta_log10_c");
        assert_eq!(names(r#", "concentration": "free""#)[1], "concentration");
    }

    #[test]
    fn its_angles_are_the_same_on_the_tape_and_off_it() {
        let redshifts = Redshifts { lens: 0.3, source: 1.2 };
        let universe = [68.0, 0.31, 0.0, -1.0, 0.0];
        let cosmology: Vec<Value> = universe.iter().map(|v| Var::scalar(*v).as_value().clone()).collect();
        for (halo, values) in [
            (Halo::default(), vec![9.0, 12.0, 0.3, -0.2]),
            (Halo { concentration: Concentration::Free, scatter: false }, vec![9.0, 14.0, 12.0, 0.3, -0.2]),
            (Halo { concentration: Concentration::Duffy2008, scatter: true }, vec![9.0, 0.1, 12.0, 0.3, -0.2]),
        ] {
            let inputs: Vec<Value> = values.iter().map(|v| Var::scalar(*v).as_value().clone()).collect();
            let deflector = halo.deflector(&inputs, redshifts, &cosmology, Some(0.5)).unwrap();
            let got: Vec<f64> = deflector.params().iter().map(|p| p.lane(0)[0]).collect();
            assert_eq!(got, halo.angles(&values, redshifts, Cosmology::of(universe), Some(0.5)));
        }
    }
}
