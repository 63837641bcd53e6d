//! reparam: samples a site in other coordinates, in which an engine moves more easily.

use std::rc::Rc;

use super::Handler;
use super::seen::Seen;
use crate::autodiff::{Value, map_value, zip_values};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::message::{Kind, Message};
use crate::run::Outside;

/// A site of a location-scale family (one with parameters `loc` and `scale`), partly or wholly non-centred
/// (Gorinova, Moore & Hoffman 2020).
///
/// For centredness c, `SITE_decentered ~ Family(c loc, scale^c)` is sampled in its place, and the site is
/// `loc + scale^(1 - c) (SITE_decentered - c loc)`: c = 1 is the model as written, c = 0 wholly non-centred.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocScale {
    /// Between 0 (non-centred) and 1 (as written).
    pub centered: f64,
}

/// Reparametrises the named sites.
pub struct Reparam {
    sites: Rc<[(String, LocScale)]>,
    seen: Seen,
}

impl Handler for Reparam {
    fn process(&mut self, message: &mut Message, outside: &Outside<'_>) -> Result<()> {
        if !message.is_latent() {
            return Ok(());
        }
        self.seen.insert(&message.name);
        match self.sites.iter().find(|(site, _)| **site == *message.name) {
            Some((_, how)) => how.apply(message, outside),
            None => Ok(()),
        }
    }
}

impl LocScale {
    fn apply(self, message: &mut Message, outside: &Outside<'_>) -> Result<()> {
        let c = self.centered;
        let unfit = |dist: &str| Error::NoLocScale { site: message.name.to_string(), distribution: dist.to_owned() };
        let Some(dist) = message.dist.clone() else { return Ok(()) };
        let (Some(loc), Some(scale)) = (dist.parameter("loc"), dist.parameter("scale")) else {
            return Err(unfit(dist.name()));
        };
        let power = |x: &Value, p: f64| map_value(x, move |x| (x.powf(p), p * x.powf(p - 1.0)));
        let times = |x: &Value, by: f64| map_value(x, move |x| (by * x, by));
        let centre = times(&loc, c);
        let decentred = dist.with_parameters(&mut |name, value| {
            Ok(match name {
                "loc" => centre.clone(),
                "scale" => power(value, c),
                _ => value.clone(),
            })
        })?;
        let mut inner = message.clone();
        (inner.name, inner.dist) = (format!("{}_decentered", message.name).into(), Some(decentred));
        let inner = outside.send(inner)?;
        let z = inner.value.ok_or_else(|| Error::NoSeed { site: inner.name.to_string() })?;
        let offset = zip_values(&z, &centre, |z, m| (z - m, [1.0, -1.0]))?;
        let moved = zip_values(&power(&scale, 1.0 - c), &offset, |s, d| (s * d, [d, s]))?;
        message.value = Some(zip_values(&loc, &moved, |a, b| (a + b, [1.0, 1.0]))?);
        (message.kind, message.dist) = (Kind::Deterministic, None);
        Ok(())
    }
}

/// The model with these sites reparametrised. Running it is an error where it has no such latent site, or one whose family has
/// no location and scale.
///
/// ```
/// use ppl_core::distributions::{HalfCauchy, Normal};
/// use ppl_core::handler::{LocScale, reparam, seed, trace};
/// use ppl_core::Ctx;
///
/// let model = |ctx: &mut Ctx| {
///     let tau = ctx.sample("tau", HalfCauchy::new(5.0))?;
///     ctx.sample("theta", Normal::new(1.0, tau))
/// };
/// let moved = trace(seed(reparam(model, [("theta", LocScale { centered: 0.0 })]), 1))?;
/// assert_eq!(moved.names().collect::<Vec<_>>(), ["tau", "theta_decentered", "theta"]);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn reparam<R, S: Into<String>>(
    model: impl Fn(&mut Ctx) -> Result<R>,
    sites: impl IntoIterator<Item = (S, LocScale)>,
) -> impl Fn(&mut Ctx) -> Result<R> {
    let sites: Rc<[(String, LocScale)]> = sites.into_iter().map(|(site, how)| (site.into(), how)).collect();
    move |ctx| {
        let seen = Seen::default();
        let result = ctx.with(Reparam { sites: sites.clone(), seen: seen.clone() }, &model)?;
        seen.check("reparam", sites.iter().map(|(site, _)| site.as_str()))?;
        Ok(result)
    }
}
