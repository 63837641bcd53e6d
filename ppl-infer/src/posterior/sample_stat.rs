//! What the sampler did at each draw: one number, count or flag.

/// One statistic of the sampler, `[chain, draw]`.
///
/// The names are ArviZ's: `lp`, `energy`, `acceptance_rate`, `step_size`, `tree_depth`, `n_steps`, `diverging`.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleStat {
    pub(super) name: String,
    pub(super) values: StatValues,
}

impl SampleStat {
    /// The name of the statistic.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its values, chain after chain.
    pub fn values(&self) -> &StatValues {
        &self.values
    }
}

/// The values of one statistic, `[chain, draw]`, chain after chain.
#[derive(Debug, Clone, PartialEq)]
pub enum StatValues {
    /// `lp`, `energy`, `acceptance_rate`, `step_size`.
    Real(Vec<f64>),
    /// `tree_depth`, `n_steps`.
    Count(Vec<i64>),
    /// `diverging`.
    Flag(Vec<bool>),
}

impl StatValues {
    /// How many values there are.
    pub fn len(&self) -> usize {
        match self {
            StatValues::Real(values) => values.len(),
            StatValues::Count(values) => values.len(),
            StatValues::Flag(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values as numbers, a flag as 0 or 1.
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            StatValues::Real(values) => values.clone(),
            StatValues::Count(values) => values.iter().map(|&count| count as f64).collect(),
            StatValues::Flag(values) => values.iter().map(|&flag| f64::from(flag)).collect(),
        }
    }
}

impl From<Vec<f64>> for StatValues {
    fn from(values: Vec<f64>) -> Self {
        StatValues::Real(values)
    }
}

impl From<Vec<i64>> for StatValues {
    fn from(values: Vec<i64>) -> Self {
        StatValues::Count(values)
    }
}

impl From<Vec<u32>> for StatValues {
    fn from(values: Vec<u32>) -> Self {
        StatValues::Count(values.into_iter().map(i64::from).collect())
    }
}

impl From<Vec<bool>> for StatValues {
    fn from(values: Vec<bool>) -> Self {
        StatValues::Flag(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_as_numbers() {
        assert_eq!(StatValues::from(vec![true, false]).to_f64(), [1.0, 0.0]);
        assert_eq!(StatValues::from(vec![3_u32]), StatValues::from(vec![3_i64]));
        assert_eq!(StatValues::from(vec![7_i64]).to_f64(), [7.0]);
        assert!(StatValues::from(Vec::<f64>::new()).is_empty());
    }
}
