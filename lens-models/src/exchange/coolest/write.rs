//! Writing: a system with the values of its parameters as a file of the standard.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::Observation;
use super::angle::{axis_ratio, degrees, strength};
use super::prior;
use super::profile::{Counterpart, Field, LIGHT, MASS, kind_of};
use crate::error::{Error, Result};
use crate::exchange::Converted;
use crate::light::{BnWithSlope, sersic_bn, sersic_bn_lenstronomy};
use crate::system::{Component, Role, System};

/// Low-order statistics of the posterior of one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// The mean.
    pub mean: f64,
    /// The 16% quantile, the median, the 84% quantile.
    pub quantiles: [f64; 3],
}

impl Statistics {
    /// Those of the number times `factor` (above 0), plus `shift`.
    fn moved(self, factor: f64, shift: f64) -> Self {
        let move_one = |x: f64| factor * x + shift;
        Statistics { mean: move_one(self.mean), quantiles: self.quantiles.map(move_one) }
    }
}

/// The redshifts of lens and source, which the standard has and a system has not.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Redshifts {
    /// Of all that deflects.
    pub lens: Option<f64>,
    /// Of the sources.
    pub source: Option<f64>,
}

/// The file of the standard for a system and its data.
///
/// The lenses and their light become one galaxy, shears and sheets a mass field, the sources another galaxy; `meta` keeps the names of the
/// components. Point estimates are the values of the system, fixed or to start with; `statistics` gives those of a posterior by site (with
/// `[i]` behind it for one of several copies), and of `NAME.q` and `NAME.phi` in radians from +x. Sersic's law with another b_n is the
/// same law with another radius and brightness, which is what is written; its statistics are scaled by the same factors.
///
/// # Errors
/// A component whose profile has no counterpart, or that has a redshift of its own.
pub fn write(
    system: &System,
    observation: &Observation,
    redshifts: Redshifts,
    statistics: &dyn Fn(&str) -> Option<Statistics>,
) -> Result<Converted> {
    for component in &system.components {
        let place = format!("component `{}`", component.name);
        let known = || "masses and lights in one plane of lenses and one of sources".to_owned();
        if component.role == Role::Points {
            return Err(Error::NoCounterpart { place, name: "`points`".to_owned(), known: known() });
        }
        if let Some(redshift) = component.redshift {
            return Err(Error::NoCounterpart { place, name: format!("behind `redshift` {redshift}"), known: known() });
        }
    }
    let area = observation.pixel_scale * observation.pixel_scale;
    let mut writer = Writer { area, system, statistics, notes: vec![] };
    let field = |c: &&Component| ["shear", "convergence"].contains(&c.profile.name());
    let lenses = system.of_role(Role::Lens);
    let (fields, lenses): (Vec<_>, Vec<_>) = lenses.partition(field);
    let groups = [
        ("lens", redshifts.lens, lenses, system.of_role(Role::Light).collect::<Vec<_>>()),
        ("external field", redshifts.lens, fields, vec![]),
        ("source", redshifts.source, vec![], system.of_role(Role::Source).collect()),
    ];
    let (mut entities, mut components) = (vec![], vec![]);
    for (name, redshift, mass, light) in groups {
        if mass.is_empty() && light.is_empty() {
            continue;
        }
        let mut entity = json!({ "type": "Galaxy", "name": name, "redshift": redshift });
        for (key, table, group) in [("mass_model", &MASS[..], mass), ("light_model", &LIGHT[..], light)] {
            let mut profiles = vec![];
            for component in group {
                for copy in 0..component.count {
                    profiles.push(writer.profile(component, copy, table)?);
                    let name = if component.count == 1 {
                        component.name.clone()
                    } else {
                        format!("{}_{copy}", component.name)
                    };
                    components.push(json!({ "name": name, "role": component.role.key() }));
                }
            }
            entity[key] = Json::Array(profiles);
        }
        if name == "external field" {
            entity["type"] = json!("MassField");
            entity.as_object_mut().map(|entity| entity.remove("light_model"));
        }
        entities.push(entity);
    }
    let json = json!({
        "standard": "COOLEST",
        "mode": "MAP",
        "meta": { "arclet": { "version": env!("CARGO_PKG_VERSION"), "components": components } },
        "coordinates_origin": { "ra": "00h00m00s", "dec": "+00d00m00s" },
        "cosmology": null,
        "instrument": observation.instrument(),
        "observation": observation.observation(),
        "likelihoods": observation.likelihoods(),
        "lensing_entities": entities,
    });
    Ok(Converted { json, notes: writer.notes })
}

/// One number of a component, as the standard wants it.
#[derive(Clone)]
struct Quantity {
    value: Option<f64>,
    fixed: bool,
    prior: Option<Json>,
    statistics: Option<Statistics>,
    /// How many times larger it is than the parameter of the component.
    factor: f64,
}

impl Default for Quantity {
    fn default() -> Self {
        Quantity { value: None, fixed: false, prior: None, statistics: None, factor: 1.0 }
    }
}

impl Quantity {
    fn fixed(value: f64) -> Self {
        Quantity { value: Some(value), fixed: true, ..Quantity::default() }
    }

    fn scaled(&self, factor: f64) -> Self {
        let statistics = self.statistics.map(|s| s.moved(factor, 0.0));
        Quantity { value: self.value.map(|v| factor * v), statistics, factor: factor * self.factor, ..self.clone() }
    }

    fn json(&self) -> Json {
        let (mean, [low, median, high]) =
            self.statistics.map_or((None, [None; 3]), |s| (Some(s.mean), s.quantiles.map(Some)));
        json!({
            "fixed": self.fixed && self.value.is_some(),
            "point_estimate": { "value": self.value },
            "posterior_stats": { "mean": mean, "median": median, "percentile_16th": low, "percentile_84th": high },
            "prior": self.prior.clone().unwrap_or_else(|| json!({ "type": null })),
        })
    }
}

struct Writer<'s> {
    area: f64,
    system: &'s System,
    statistics: &'s dyn Fn(&str) -> Option<Statistics>,
    notes: Vec<String>,
}

impl Writer<'_> {
    fn profile(&mut self, component: &Component, copy: usize, table: &[Counterpart]) -> Result<Json> {
        let mut numbers = self.numbers(component, copy);
        let profile = as_counterpart(component.profile.name(), &mut numbers);
        let counterpart = table.iter().find(|c| c.ours == profile).ok_or_else(|| {
            let also =
                SAME.iter().filter(|(_, as_what)| table.iter().any(|c| c.ours == *as_what)).map(|(name, _)| *name);
            let known = table.iter().map(|c| c.ours).chain(also).collect::<Vec<_>>().join(", ");
            let (place, name) = (format!("component `{}`", component.name), format!("\"{profile}\""));
            Error::NoCounterpart { place, name, known }
        })?;
        if component.linear().is_some() {
            self.notes.push(format!("component `{}`: its linear amplitudes are written as free ones", component.name));
        }
        let of = |name: &str| numbers.get(name).cloned().unwrap_or_default();
        let mut parameters = Map::new();
        let mut set = |name: &str, quantity: Quantity| drop(parameters.insert(name.to_owned(), quantity.json()));
        for field in counterpart.fields {
            match *field {
                Field::Same(theirs, ours) => set(theirs, self.with_prior(component, ours, of(ours), profile)),
                Field::Brightness(theirs, ours) => {
                    set(theirs, self.with_prior(component, ours, of(ours).scaled(1.0 / self.area), profile));
                }
                Field::Ellipse => {
                    let [q, phi] = match numbers.get("q") {
                        Some(q) => [q.clone(), in_degrees(of("phi"))],
                        None => self.polar(component, copy, [of("e1"), of("e2")], ["q", "phi"], axis_ratio),
                    };
                    set("q", q);
                    set("phi", phi);
                }
                Field::Shear => {
                    let parts = [of("gamma1"), of("gamma2")];
                    let [size, phi] = self.polar(component, copy, parts, ["gamma_ext", "phi_ext"], strength);
                    set("gamma_ext", size);
                    set("phi_ext", phi);
                }
            }
        }
        Ok(json!({ "type": counterpart.theirs, "parameters": parameters }))
    }

    /// The numbers of one copy by name.
    fn numbers(&self, component: &Component, copy: usize) -> BTreeMap<&'static str, Quantity> {
        let values = component.numbers(copy, |p| component.fixed.get(p.name).or(component.start.get(p.name)));
        let one = |(parameter, value): (&'static crate::parameter::ProfileParameter, Option<f64>)| {
            let statistics = (self.statistics)(&self.flat(component, copy, parameter.name));
            let fixed = component.fixed.contains_key(parameter.name);
            (parameter.name, Quantity { value, fixed, statistics, ..Quantity::default() })
        };
        values.map(one).collect()
    }

    /// The name of a number among the scalars of a posterior.
    fn flat(&self, component: &Component, copy: usize, parameter: &str) -> String {
        let site = component.site_of(parameter);
        if component.count > 1 { format!("{site}[{copy}]") } else { site }
    }

    /// The quantity with the prior of its site; a note where the standard has none like it.
    fn with_prior(&mut self, component: &Component, ours: &str, mut quantity: Quantity, profile: &str) -> Quantity {
        let site = component.site_of(ours);
        let prior = self.system.priors.get(&site).filter(|_| !quantity.fixed);
        if let (Some(json), Some(kind)) = (prior.and_then(|prior| prior.to_json()), kind_of(profile, ours)) {
            quantity.prior = prior::write(&json, kind, quantity.factor);
            if quantity.prior.is_none() {
                self.notes.push(format!("the prior of `{site}` is left out: the standard has none like it"));
            }
        }
        quantity
    }

    /// A size and an angle from two components.
    fn polar(
        &mut self,
        component: &Component,
        copy: usize,
        [a, b]: [Quantity; 2],
        [size, angle]: [&str; 2],
        convert: fn([f64; 2]) -> [f64; 2],
    ) -> [Quantity; 2] {
        let mut out = [Quantity { fixed: a.fixed && b.fixed, ..Quantity::default() }, Quantity::default()];
        out[1].fixed = out[0].fixed;
        if let (Some(a), Some(b)) = (a.value, b.value) {
            let [first, second] = convert([a, b]);
            (out[0].value, out[1].value) = (Some(first), Some(second));
        }
        if !out[0].fixed {
            out[0].statistics = (self.statistics)(&self.flat(component, copy, size));
            out[1].statistics = (self.statistics)(&self.flat(component, copy, angle));
            out[1].statistics = out[1].statistics.map(|s| near(s, out[1].value));
        }
        let left_out =
            component.profile.parameters().iter().filter(|p| ["e1", "e2", "gamma1", "gamma2"].contains(&p.name));
        for site in
            left_out.map(|p| component.site(p)).filter(|site| copy == 0 && self.system.priors.get(site).is_some())
        {
            self.notes.push(format!("the prior of `{site}` is left out, as the standard has `{size}` and `{angle}`"));
        }
        out
    }
}

/// Radians from +x as degrees from +y.
fn in_degrees(phi: Quantity) -> Quantity {
    let value = phi.value.map(degrees);
    Quantity { value, statistics: phi.statistics.map(|s| near(s, value)), ..phi }
}

/// Statistics of an angle in radians from +x, in degrees from +y, within half a turn of the point estimate.
fn near(statistics: Statistics, estimate: Option<f64>) -> Statistics {
    let turned = statistics.moved(180.0 / std::f64::consts::PI, -90.0);
    let estimate = estimate.unwrap_or_else(|| degrees(statistics.quantiles[1]));
    turned.moved(1.0, 180.0 * ((estimate - turned.quantiles[1]) / 180.0).round())
}

/// Profiles that are those with a counterpart, with other numbers.
const SAME: [(&str, &str); 5] = [
    ("sis", "sie"),
    ("sple", "epl"),
    ("sersic", "sersic_lenstronomy_bn"),
    ("exponential", "sersic_lenstronomy_bn"),
    ("de_vaucouleurs", "sersic_lenstronomy_bn"),
];

/// The profile that has a counterpart and is the same as the one of this name with these numbers, which are changed to its own.
fn as_counterpart(profile: &'static str, numbers: &mut BTreeMap<&'static str, Quantity>) -> &'static str {
    let index = match profile {
        "sis" => {
            numbers.extend([("q", Quantity::fixed(1.0)), ("phi", Quantity::fixed(std::f64::consts::FRAC_PI_2))]);
            return "sie";
        }
        "sple" => {
            // theta_E = sqrt(q) r_ein.
            let (q, r_ein) = (numbers.get("q").cloned(), numbers.get("r_ein").cloned());
            let (q, r_ein) = (q.unwrap_or_default(), r_ein.unwrap_or_default());
            let value = q.value.zip(r_ein.value).map(|(q, r)| q.sqrt() * r);
            numbers.insert("theta_E", Quantity { value, fixed: q.fixed && r_ein.fixed, ..Quantity::default() });
            return "epl";
        }
        "exponential" => Some(1.0),
        "de_vaucouleurs" => Some(4.0),
        "sersic" => numbers.get("n_sersic").and_then(|n| n.value),
        other => return other,
    };
    if let Some(n) = index {
        let (BnWithSlope { b: exact, .. }, BnWithSlope { b: theirs, .. }) = (sersic_bn(n), sersic_bn_lenstronomy(n));
        // exact (R / R_sersic)^(1/n) = theirs (R / R')^(1/n), and the brightness at R'.
        for (name, factor) in [("R_sersic", (theirs / exact).powf(n)), ("amp", (exact - theirs).exp())] {
            let scaled = numbers.get(name).map(|quantity| quantity.scaled(factor));
            numbers.extend(scaled.map(|quantity| (name, quantity)));
        }
        if profile != "sersic" {
            numbers.insert("n_sersic", Quantity::fixed(n));
        }
    }
    "sersic_lenstronomy_bn"
}
