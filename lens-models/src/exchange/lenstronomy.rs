//! lenstronomy: its lists of models and of keyword arguments as a system file.
//!
//! The file is what `json.dump` writes of its dictionaries: `lens_model_list`, `lens_light_model_list` and `source_light_model_list` (or
//! `kwargs_model` with these), and `kwargs_lens`, `kwargs_lens_light` and `kwargs_source` (or `kwargs_params` or `kwargs_result` with
//! these). Names and conventions are lenstronomy's but for brightnesses: per square arcsec there and per pixel here, so that the pixel scale
//! must be known. Which profile is which: `docs/profiles.md`.

use serde_json::{Map, Value as Json, json};
use statrs::function::gamma::ln_gamma;

use super::Converted;
use super::entry::{Entry, component, fresh};
use crate::error::{Error, Result};
use crate::light::{BnWithSlope, sersic_bn, sersic_bn_lenstronomy};
use crate::system::Role;

/// The entries that say the model: role, list of names, list of arguments, name of the first component.
const LISTS: [(Role, &str, &str, &str); 3] = [
    (Role::Lens, "lens_model_list", "kwargs_lens", "lens"),
    (Role::Light, "lens_light_model_list", "kwargs_lens_light", "light"),
    (Role::Source, "source_light_model_list", "kwargs_source", "source"),
];

/// Parameters that lenstronomy may leave away, at 0.
const ZERO: [&str; 4] = ["center_x", "center_y", "ra_0", "dec_0"];

/// How a parameter goes over.
#[derive(Clone, Copy)]
enum Field {
    /// The same number.
    Same(&'static str),
    /// A number per square arcsec.
    Brightness,
    /// A number that must be this one, which has no counterpart.
    Only(&'static str, f64),
    /// A number that has no effect.
    Unused(&'static str),
}

use Field::{Brightness as AMP, Only, Same, Unused};

/// A profile of lenstronomy, the one it is here, and its parameters.
type Counterpart = (&'static str, &'static str, &'static [Field]);

const X: Field = Same("center_x");
const Y: Field = Same("center_y");
const E1: Field = Same("e1");
const E2: Field = Same("e2");
const THETA_E: Field = Same("theta_E");
const RS: Field = Same("Rs");
const ALPHA_RS: Field = Same("alpha_Rs");
const SIGMA0: Field = Same("sigma0");
const K_EFF: Field = Same("k_eff");
const R_SERSIC: Field = Same("R_sersic");
const N_SERSIC: Field = Same("n_sersic");

static MASS: [Counterpart; 29] = [
    ("EPL", "epl", &[THETA_E, Same("gamma"), E1, E2, X, Y]),
    ("PEMD", "epl", &[THETA_E, Same("gamma"), E1, E2, X, Y]),
    ("SIE", "sie", &[THETA_E, E1, E2, X, Y]),
    ("SIS", "sis", &[THETA_E, X, Y]),
    ("NIE", "nie", &[THETA_E, E1, E2, Same("s_scale"), X, Y]),
    ("POINT_MASS", "point_mass", &[THETA_E, X, Y]),
    ("PJAFFE", "pjaffe", &[SIGMA0, Same("Ra"), RS, X, Y]),
    ("PJAFFE_ELLIPSE_POTENTIAL", "pjaffe_ellipse_potential", &[SIGMA0, Same("Ra"), RS, E1, E2, X, Y]),
    ("NFW", "nfw", &[RS, ALPHA_RS, X, Y]),
    ("NFW_ELLIPSE_POTENTIAL", "nfw_ellipse_potential", &[RS, ALPHA_RS, E1, E2, X, Y]),
    ("TNFW", "tnfw", &[RS, ALPHA_RS, Same("r_trunc"), X, Y]),
    ("HERNQUIST", "hernquist", &[SIGMA0, RS, X, Y]),
    ("SHEAR", "shear", &[Same("gamma1"), Same("gamma2"), Only("ra_0", 0.0), Only("dec_0", 0.0)]),
    ("CONVERGENCE", "convergence", &[Same("kappa"), Only("ra_0", 0.0), Only("dec_0", 0.0)]),
    ("FLEXION", "flexion", &[Same("g1"), Same("g2"), Same("g3"), Same("g4"), Only("ra_0", 0.0), Only("dec_0", 0.0)]),
    // Good to 1e-4 of kappa there (Oguri 2021) and to 1e-3 (Shajib 2019), exact here.
    ("NFW_ELLIPSE_CSE", "nfw_ellipse", &[RS, ALPHA_RS, E1, E2, X, Y]),
    ("NFW_ELLIPSE_GAUSS_DEC", "nfw_ellipse", &[RS, ALPHA_RS, E1, E2, X, Y]),
    ("GNFW_ELLIPSE_GAUSS_DEC", "gnfw", &[RS, ALPHA_RS, Same("gamma_in"), E1, E2, X, Y]),
    ("HERNQUIST_ELLIPSE_CSE", "hernquist_ellipse", &[SIGMA0, RS, E1, E2, X, Y]),
    ("GNFW", "gnfw", &[RS, ALPHA_RS, Same("gamma_in"), X, Y]),
    ("SPL_CORE", "epl_core", &[SIGMA0, Same("gamma"), Same("r_core"), X, Y]),
    ("SERSIC", "sersic_kappa", &[K_EFF, R_SERSIC, N_SERSIC, X, Y]),
    ("SERSIC_ELLIPSE_KAPPA", "sersic_kappa", &[K_EFF, R_SERSIC, N_SERSIC, E1, E2, X, Y]),
    ("GAUSSIAN", "gaussian_kappa", &[Same("amp"), Same("sigma"), X, Y]),
    ("GAUSSIAN_ELLIPSE_KAPPA", "gaussian_kappa", &[Same("amp"), Same("sigma"), E1, E2, X, Y]),
    // Their amp and sigma are lists, of a component each.
    ("MULTI_GAUSSIAN", "gaussian_kappa", &[Same("amp"), Same("sigma"), X, Y, Only("scale_factor", 1.0)]),
    (
        "MULTI_GAUSSIAN_ELLIPSE_KAPPA",
        "gaussian_kappa",
        &[Same("amp"), Same("sigma"), E1, E2, X, Y, Only("scale_factor", 1.0)],
    ),
    // The odd orders have a constant deflection of their own there.
    (
        "MULTIPOLE_ELL",
        "multipole4_ellipse",
        &[Only("m", 4.0), Same("a_m"), Same("phi_m"), Same("q"), X, Y, Unused("r_E")],
    ),
    // Of the order that its argument m says; r_E counts for m = 1 alone.
    ("MULTIPOLE", "multipole", &[Same("m"), Same("a_m"), Same("phi_m"), Same("r_E"), X, Y]),
];

static LIGHT: [Counterpart; 9] = [
    ("SERSIC", "sersic_lenstronomy_bn", &[AMP, Same("R_sersic"), Same("n_sersic"), X, Y]),
    ("SERSIC_ELLIPSE", "sersic_lenstronomy_bn", &[AMP, Same("R_sersic"), Same("n_sersic"), E1, E2, X, Y]),
    (
        "CORE_SERSIC",
        "core_sersic",
        &[AMP, Same("R_sersic"), Same("Rb"), Same("n_sersic"), Same("gamma"), E1, E2, X, Y, Only("alpha", 3.0)],
    ),
    ("GAUSSIAN", "gaussian", &[AMP, Same("sigma"), X, Y]),
    ("GAUSSIAN_ELLIPSE", "gaussian", &[AMP, Same("sigma"), E1, E2, X, Y]),
    // Their amp and sigma are lists, of a component each.
    ("MULTI_GAUSSIAN", "gaussian", &[AMP, Same("sigma"), X, Y]),
    ("MULTI_GAUSSIAN_ELLIPSE", "gaussian", &[AMP, Same("sigma"), E1, E2, X, Y]),
    ("UNIFORM", "uniform", &[AMP]),
    ("SHAPELETS", "shapelets", &[AMP, Same("n_max"), Same("beta"), X, Y]),
];

/// The system file of a dictionary of lenstronomy's; `place` names the file in messages. Every parameter is free with its value for a
/// start. Without `pixel_scale`, in arcsec, the file must have a key of this name.
///
/// # Errors
/// Lists of different lengths, arguments that are missing or too many, a model without a counterpart, several planes.
pub fn read(json: &Json, place: &str, pixel_scale: Option<f64>) -> Result<Converted> {
    let file = Entry::new(json, place);
    let models = file.get("kwargs_model")?.unwrap_or_else(|| file.clone());
    let arguments = ["kwargs_result", "kwargs_params"].into_iter().find_map(|key| file.get(key).transpose());
    let arguments = arguments.unwrap_or_else(|| Ok(file.clone()))?;
    for (key, value) in models.object()?.iter().filter(|(key, _)| PLANES.contains(&key.as_str())) {
        if !matches!(value, Json::Null | Json::Bool(false)) && value.as_array().is_none_or(|list| !list.is_empty()) {
            let (place, expected) = (format!("{place}: `{key}`"), "one plane of lenses and one of sources".to_owned());
            return Err(Error::WrongForm { place, expected });
        }
    }
    let scale = match (pixel_scale, file.get("pixel_scale")?) {
        (Some(scale), _) => scale,
        (None, Some(scale)) => scale.number()?,
        (None, None) => {
            let hint = "arcsec per pixel, as brightnesses are per square arcsec; or give --pixel-scale";
            return Err(Error::MissingKey { place: place.to_owned(), key: "pixel_scale", hint });
        }
    };
    if !(scale > 0.0 && scale.is_finite()) {
        return Err(Error::OutOfRange { what: "the pixel scale", value: scale, allowed: "above 0" });
    }
    let (mut taken, mut notes) = (vec![], vec![]);
    let mut system = json!({ "data": { "pixel_scale": scale } });
    for (role, names, kwargs, first) in LISTS {
        let (list, kwargs) = (models.list_of(names)?, arguments.list_of(kwargs)?);
        if list.len() != kwargs.len() {
            let (place, expected) =
                (format!("{place}: `{names}`"), format!("as many names as arguments, {}", kwargs.len()));
            return Err(Error::WrongForm { place, expected });
        }
        let mut components = vec![];
        for (model, kwargs) in list.iter().zip(&kwargs) {
            for Made { profile, parameters, order } in counterparts(role, model, kwargs, scale * scale)? {
                // An external field is called what it is.
                let name = if FIELDS.contains(&profile.as_str()) { &profile } else { first };
                let mut made = component(&fresh(name, &mut taken), &profile, parameters);
                if let Some(order) = order {
                    made["n_max"] = json!(order);
                }
                components.push(made);
            }
        }
        if !components.is_empty() {
            system[role.key()] = Json::Array(components);
        }
    }
    for key in ["point_source_model_list", "optical_depth_model_list"] {
        if !models.list_of(key)?.is_empty() {
            notes.push(format!("`{key}` is left out: a system file has none"));
        }
    }
    Ok(Converted { json: system, notes })
}

/// Keys of `kwargs_model` that stand for more than one plane, unless they are empty.
const PLANES: [&str; 5] = [
    "multi_plane",
    "lens_redshift_list",
    "source_redshift_list",
    "source_deflection_scaling_list",
    "lens_profile_kwargs_list",
];
/// What a component is named for, wherever it stands.
const FIELDS: [&str; 3] = ["shear", "convergence", "flexion"];

/// A profile with its parameters, and the order of shapelets.
struct Made {
    profile: String,
    parameters: Map<String, Json>,
    order: Option<usize>,
}

/// The profiles that a model is, with their parameters: several for a sum of Gaussians.
fn counterparts(role: Role, model: &Entry<'_>, kwargs: &Entry<'_>, area: f64) -> Result<Vec<Made>> {
    let table = if role == Role::Lens { &MASS[..] } else { &LIGHT[..] };
    let name = model.text()?;
    let (_, profile, fields) = table.iter().find(|(theirs, ..)| *theirs == name).ok_or_else(|| {
        let known = table.iter().map(|(theirs, ..)| *theirs).collect::<Vec<_>>().join(", ");
        Error::NoCounterpart { place: model.place.clone(), name: format!("\"{name}\""), known }
    })?;
    let known: Vec<&str> = fields.iter().map(|field| field.name()).collect();
    if let Some(key) = kwargs.object()?.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(Error::unknown("parameter", key, kwargs.place.as_str(), known));
    }
    if name == "SHAPELETS" {
        return shapelets(profile, kwargs, area).map(|made| vec![made]);
    }
    let count = match kwargs.get("amp")? {
        Some(amp) if name.starts_with("MULTI_") => amp.list()?.len(),
        _ => 1,
    };
    (0..count).map(|k| one(name, profile, fields, &at(kwargs.clone(), name, k)?, area)).collect()
}

/// The arguments of one profile: the numbers at one place of the lists.
struct Arguments<'a> {
    entry: Entry<'a>,
    place: Option<usize>,
}

fn at<'a>(entry: Entry<'a>, name: &str, k: usize) -> Result<Arguments<'a>> {
    Ok(Arguments { entry, place: name.starts_with("MULTI_").then_some(k) })
}

impl Arguments<'_> {
    fn number(&self, name: &'static str) -> Result<f64> {
        if ZERO.contains(&name) && self.entry.get(name)?.is_none() {
            return Ok(0.0);
        }
        let entry = self.entry.need(name, "a number")?;
        match (self.place, name) {
            (Some(k), "amp" | "sigma") => {
                let missing = || Error::WrongForm {
                    place: entry.place.clone(),
                    expected: "as many as there are of `amp`".to_owned(),
                };
                entry.list()?.get(k).ok_or_else(missing)?.number()
            }
            _ => entry.number(),
        }
    }
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Same(name) | Only(name, _) | Unused(name) => name,
            AMP => "amp",
        }
    }
}

fn one(model: &str, profile: &str, fields: &[Field], arguments: &Arguments<'_>, area: f64) -> Result<Made> {
    let (mut profile, mut values) = (profile.to_owned(), Map::new());
    let mut set = |name: &str, value: f64, free: bool| {
        let stated = if free { json!({ "value": value, "free": true }) } else { json!({ "value": value }) };
        values.insert(name.to_owned(), stated);
    };
    for field in fields {
        let name = field.name();
        match *field {
            Only(_, wanted) => {
                let given = arguments.entry.get(name)?.map_or(Ok(wanted), |value| value.number())?;
                if given != wanted {
                    let place = format!("{}: `{name}`", arguments.entry.place);
                    return Err(Error::WrongForm {
                        place,
                        expected: format!("{wanted}, which is all that there is here"),
                    });
                }
            }
            Unused(_) => {}
            AMP => {
                let amp = area * arguments.number(name)?;
                let amp = match model {
                    "CORE_SERSIC" => amp * core(arguments)?[1],
                    // The light of all of it.
                    _ if profile == "gaussian" => amp / (std::f64::consts::TAU * arguments.number("sigma")?.powi(2)),
                    _ => amp,
                };
                set(name, amp, true);
            }
            Same("R_sersic") if model == "CORE_SERSIC" => {
                set(name, arguments.number(name)? * core(arguments)?[0], true)
            }
            Same("q") => {
                let q = arguments.number("q")?;
                set("e1", (1.0 - q) / (1.0 + q), true);
                set("e2", 0.0, true);
            }
            Same("r_core") => set("s_scale", arguments.number(name)?, true),
            Same("sigma0") if model == "SPL_CORE" => set("theta_E", core_theta_e(arguments)?, true),
            Same("m") => profile = format!("multipole{}", order(arguments)?),
            Same("r_E") if order(arguments)? != 1 => {}
            Same("r_E") => set(name, arguments.entry.get(name)?.map_or(Ok(1.0), |value| value.number())?, false),
            Same(_) => set(name, arguments.number(name)? * factor(model, profile.as_str(), name, arguments)?, true),
        }
    }
    // Round profiles are elliptical ones here.
    if ["SERSIC", "GAUSSIAN", "MULTI_GAUSSIAN", "GNFW", "SPL_CORE"].contains(&model) {
        ["e1", "e2"].into_iter().for_each(|name| set(name, 0.0, false));
    }
    Ok(Made { profile, parameters: values, order: None })
}

/// How many times larger a number is here than there.
fn factor(model: &str, profile: &str, name: &str, arguments: &Arguments<'_>) -> Result<f64> {
    let ellipticity = || Ok::<_, Error>(arguments.number("e1")?.hypot(arguments.number("e2")?));
    let along_the_axis = || ellipticity().map(|f| ((1.0 - f) / (1.0 + f)).sqrt());
    Ok(match (model, name) {
        // Their Rs is that along the major axis, and their sigma0 that of the round halo of as much mass.
        ("HERNQUIST_ELLIPSE_CSE", "Rs") => along_the_axis()?,
        ("HERNQUIST_ELLIPSE_CSE", "sigma0") => along_the_axis()?.powi(-2),
        // Their |e| is 1 - q.
        ("SERSIC_ELLIPSE_KAPPA", "e1" | "e2") => 1.0 / (2.0 - ellipticity()?),
        ("SERSIC_ELLIPSE_KAPPA", "R_sersic") => core(arguments)?[0] * (1.0 - ellipticity()?).sqrt(),
        (_, "R_sersic") if profile == "sersic_kappa" => core(arguments)?[0],
        (_, "k_eff") => core(arguments)?[1],
        _ => 1.0,
    })
}

/// theta_E of a cored power law.
fn core_theta_e(arguments: &Arguments<'_>) -> Result<f64> {
    let [sigma0, gamma, core] = [arguments.number("sigma0")?, arguments.number("gamma")?, arguments.number("r_core")?];
    if !(gamma > 1.0 && gamma < 3.0) {
        let place = format!("{}: `gamma`", arguments.entry.place);
        return Err(Error::WrongForm { place, expected: "a slope between 1 and 3".to_owned() });
    }
    // Their sigma0 is the density at the centre times the core.
    let ln_center = 0.5 * std::f64::consts::PI.ln() + ln_gamma(0.5 * (gamma - 1.0)) - ln_gamma(0.5 * gamma);
    Ok(core * (2.0 * sigma0 * ln_center.exp() / (3.0 - gamma)).powf(1.0 / (gamma - 1.0)))
}

/// Shapelets: a list of amplitudes, and their order.
fn shapelets(profile: &str, kwargs: &Entry<'_>, area: f64) -> Result<Made> {
    let order = kwargs.need("n_max", "the highest order")?;
    let wrong = || Error::WrongForm { place: order.place.clone(), expected: "a whole number from 0 to 20".to_owned() };
    let n_max = order.json.as_u64().filter(|n| *n <= 20).ok_or_else(wrong)? as usize;
    let (entry, count) = (kwargs.need("amp", "a list of amplitudes")?, (n_max + 1) * (n_max + 2) / 2);
    let amps = entry.list()?.iter().map(|amp| amp.number().map(|amp| area * amp)).collect::<Result<Vec<_>>>()?;
    if amps.len() != count {
        return Err(Error::WrongForm { place: entry.place.clone(), expected: format!("{count} amplitudes") });
    }
    // A list of one is a number.
    let amp = if let [one] = amps[..] { json!(one) } else { json!(amps) };
    let mut parameters = Map::new();
    parameters.insert("amp".to_owned(), json!({ "value": amp, "free": true }));
    let arguments = Arguments { entry: kwargs.clone(), place: None };
    for name in ["beta", "center_x", "center_y"] {
        parameters.insert(name.to_owned(), json!({ "value": arguments.number(name)?, "free": true }));
    }
    Ok(Made { profile: profile.to_owned(), parameters, order: Some(n_max) })
}

/// The order of a multipole.
fn order(arguments: &Arguments<'_>) -> Result<u64> {
    let entry = arguments.entry.need("m", "the order of the multipole")?;
    let wrong = || Error::WrongForm { place: entry.place.clone(), expected: "an order of 1, 3 or 4".to_owned() };
    entry.number().ok().filter(|m| [1.0, 3.0, 4.0].contains(m)).map(|m| m as u64).ok_or_else(wrong)
}

/// How many times larger radius and brightness of a law with the exact b_n are than of the same law with lenstronomy's.
fn core(arguments: &Arguments<'_>) -> Result<[f64; 2]> {
    let n = arguments.number("n_sersic")?;
    let (BnWithSlope { b: exact, .. }, BnWithSlope { b: theirs, .. }) = (sersic_bn(n), sersic_bn_lenstronomy(n));
    Ok([(exact / theirs).powf(n), (theirs - exact).exp()])
}
