//! Posterior: everything a run leaves behind, in the groups that ArviZ knows.

use super::attribute::Attribute;
use super::sample_stat::{SampleStat, StatValues};
use super::variable::{Entry, ObservedData, Variable};
use super::warning::Warning;
use crate::diagnostics;
use crate::error::{Error, Result};

/// Draws of named variables from several chains, the statistics of the sampler, the observed data and attributes.
///
/// ```
/// use ppl_infer::posterior::Posterior;
/// let mut posterior = Posterior::new(2, 3);
/// posterior.push_variable("mu", &[], vec![0.1, 0.2, 0.3, 0.2, 0.1, 0.4])?;
/// posterior.push_variable("theta", &[2], (0..12).map(f64::from).collect())?;
/// posterior.push_stat("diverging", vec![false, false, true, false, false, false])?;
/// posterior.set_attribute("seed", 7_u64);
/// assert_eq!(posterior.get("theta").unwrap().shape(), [2]);
/// assert_eq!(posterior.entry("theta[1]").unwrap().values()[0], 1.0);
/// assert_eq!(posterior.divergences(), 1);
/// # Ok::<(), ppl_infer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    chains: usize,
    draws: usize,
    variables: Vec<Variable>,
    sample_stats: Vec<SampleStat>,
    observed: Vec<ObservedData>,
    attributes: Vec<(String, Attribute)>,
    warnings: Vec<Warning>,
}

impl Posterior {
    /// A posterior of `chains` chains of `draws` draws, without variables yet. It is marked with arclet's name and version.
    pub fn new(chains: usize, draws: usize) -> Posterior {
        let mut posterior = Posterior {
            chains,
            draws,
            variables: Vec::new(),
            sample_stats: Vec::new(),
            observed: Vec::new(),
            attributes: Vec::new(),
            warnings: Vec::new(),
        };
        posterior.set_attribute("inference_library", "arclet");
        posterior.set_attribute("inference_library_version", env!("CARGO_PKG_VERSION"));
        posterior
    }

    /// Adds a variable: `shape` of one draw (empty for a scalar), `values` as `[chain, draw, ..shape]`.
    ///
    /// # Errors
    /// Where the count of values does not fit, or the name is empty, taken, `chain` or `draw`.
    pub fn push_variable(&mut self, name: impl Into<String>, shape: &[usize], values: Vec<f64>) -> Result<&mut Self> {
        let name = name.into();
        check_name("posterior", &name, self.variables.iter().map(Variable::name))?;
        let expected = self.chains * self.draws * shape.iter().product::<usize>();
        check_count(&name, shape, "[chain, draw, ..shape]", expected, values.len())?;
        self.variables.push(Variable { name, shape: shape.to_vec(), draws: self.draws, values });
        Ok(self)
    }

    /// Adds a statistic of the sampler, `values` as `[chain, draw]`.
    ///
    /// # Errors
    /// As [`Posterior::push_variable`].
    pub fn push_stat(&mut self, name: impl Into<String>, values: impl Into<StatValues>) -> Result<&mut Self> {
        let (name, values) = (name.into(), values.into());
        check_name("sample_stats", &name, self.sample_stats.iter().map(SampleStat::name))?;
        check_count(&name, &[], "[chain, draw]", self.chains * self.draws, values.len())?;
        self.sample_stats.push(SampleStat { name, values });
        Ok(self)
    }

    /// Adds observed data of any shape, row-major.
    ///
    /// # Errors
    /// As [`Posterior::push_variable`].
    pub fn push_observed(&mut self, name: impl Into<String>, shape: &[usize], values: Vec<f64>) -> Result<&mut Self> {
        let name = name.into();
        check_name("observed_data", &name, self.observed.iter().map(ObservedData::name))?;
        check_count(&name, shape, "[..shape]", shape.iter().product(), values.len())?;
        self.observed.push(ObservedData { name, shape: shape.to_vec(), values });
        Ok(self)
    }

    /// Sets an attribute, in place of an earlier one of that name.
    pub fn set_attribute(&mut self, name: impl Into<String>, value: impl Into<Attribute>) -> &mut Self {
        let (name, value) = (name.into(), value.into());
        match self.attributes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name, value)),
        }
        self
    }

    /// How many chains there are.
    pub fn chains(&self) -> usize {
        self.chains
    }

    /// How many draws each chain has.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// The variable of that name.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// The variables, in the order they were added.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The scalar of that flat name: `mu`, `theta[0]`, `m[0, 1]`.
    pub fn entry(&self, flat_name: &str) -> Option<Entry> {
        let base = flat_name.strip_suffix(']').and_then(|name| name.rsplit_once('[')).map(|(base, _)| base);
        // The whole name first: a site may be called `x[0]` itself.
        [Some(flat_name), base].into_iter().flatten().filter_map(|name| self.get(name)).find_map(|variable| {
            let index = variable.flat_names().position(|name| name == flat_name)?;
            variable.entry(index)
        })
    }

    /// Every scalar of every variable.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.variables.iter().flat_map(Variable::entries)
    }

    /// The statistic of that name.
    pub fn stat(&self, name: &str) -> Option<&StatValues> {
        self.sample_stats.iter().find(|stat| stat.name == name).map(SampleStat::values)
    }

    /// The statistics of the sampler.
    pub fn sample_stats(&self) -> &[SampleStat] {
        &self.sample_stats
    }

    /// The observed data.
    pub fn observed(&self) -> &[ObservedData] {
        &self.observed
    }

    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The attributes, in the order they were first set.
    pub fn attributes(&self) -> &[(String, Attribute)] {
        &self.attributes
    }

    /// What to beware of, one line each; none after a good run.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Adds a warning.
    pub fn warn(&mut self, warning: Warning) -> &mut Self {
        self.warnings.push(warning);
        self
    }

    /// How many draws diverged; 0 where the sampler kept no `diverging`.
    pub fn divergences(&self) -> usize {
        self.flagged("diverging")
    }

    /// How many draws have this flag; 0 where the sampler kept none.
    pub(super) fn flagged(&self, stat: &str) -> usize {
        match self.stat(stat) {
            Some(StatValues::Flag(flags)) => flags.iter().filter(|&&flag| flag).count(),
            _ => 0,
        }
    }

    /// E-BFMI of each chain; empty where the sampler kept no `energy`.
    pub fn bfmi(&self) -> Vec<f64> {
        match self.stat("energy") {
            Some(StatValues::Real(energy)) => energy.chunks(self.draws.max(1)).map(diagnostics::bfmi).collect(),
            _ => Vec::new(),
        }
    }
}

fn check_name<'a>(group: &'static str, name: &str, mut taken: impl Iterator<Item = &'a str>) -> Result<()> {
    if name.is_empty() || (group != "observed_data" && matches!(name, "chain" | "draw")) {
        return Err(Error::ReservedName { group, name: name.into() });
    }
    if taken.any(|known| known == name) {
        return Err(Error::DuplicateName { group, name: name.into() });
    }
    Ok(())
}

fn check_count(name: &str, shape: &[usize], layout: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    Err(Error::ValueCount { name: name.into(), shape: shape.to_vec(), layout, expected, got })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_with_the_name_and_the_numbers() {
        let mut posterior = Posterior::new(2, 3);
        let short = posterior.push_variable("theta", &[2], vec![0.0; 11]).unwrap_err().to_string();
        assert_eq!(short, "`theta` of shape [2] takes 12 values but got 11; give them as [chain, draw, ..shape]");
        posterior.push_variable("mu", &[], vec![0.0; 6]).unwrap();
        assert!(matches!(
            posterior.push_variable("mu", &[], vec![0.0; 6]),
            Err(Error::DuplicateName { group: "posterior", .. })
        ));
        assert!(matches!(posterior.push_variable("draw", &[], vec![0.0; 6]), Err(Error::ReservedName { .. })));
        assert!(matches!(posterior.push_stat("lp", vec![0.0; 5]), Err(Error::ValueCount { expected: 6, got: 5, .. })));
        assert!(posterior.push_observed("y", &[2, 2], vec![0.0; 3]).is_err());
        assert_eq!(posterior.variables().len() + posterior.sample_stats().len() + posterior.observed().len(), 1);
    }

    #[test]
    fn scalars_are_found_by_their_flat_names() {
        let mut posterior = Posterior::new(1, 2);
        posterior.push_variable("m", &[2, 2], (0..8).map(f64::from).collect()).unwrap();
        posterior.push_variable("x[0]", &[], vec![8.0, 9.0]).unwrap();
        assert_eq!(posterior.entry("m[1, 0]").unwrap().values(), [2.0, 6.0]);
        assert_eq!(posterior.entry("x[0]").unwrap().values(), [8.0, 9.0]);
        assert!(posterior.entry("m").is_none() && posterior.entry("m[2, 0]").is_none());
        assert_eq!(posterior.entries().count(), 5);
    }

    #[test]
    fn the_sampler_is_judged_by_its_statistics() {
        let mut posterior = Posterior::new(2, 4);
        assert!(posterior.bfmi().is_empty());
        posterior.push_stat("energy", vec![0.0, 1.0, 3.0, 2.0, 0.0, 2.0, 6.0, 4.0]).unwrap();
        posterior.push_stat("diverging", vec![false, true, false, false, true, false, false, false]).unwrap();
        let bfmi = posterior.bfmi();
        assert_eq!(bfmi.len(), 2);
        assert!(bfmi.iter().all(|x| (x - 1.2).abs() < 1e-15));
        assert_eq!(posterior.divergences(), 2);
    }

    #[test]
    fn an_attribute_is_replaced_by_its_new_value() {
        let mut posterior = Posterior::new(1, 1);
        posterior.set_attribute("seed", 1_u64).set_attribute("seed", 2_u64);
        assert_eq!(posterior.attribute("seed"), Some(&Attribute::Integer(2)));
        assert_eq!(posterior.attribute("inference_library"), Some(&Attribute::from("arclet")));
    }
}
