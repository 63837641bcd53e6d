//! Split chains: each chain as its first and its last half, so that a drift shows as chains that disagree.

/// The halves of equally long chains, `[2 * chains, draws]`, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    values: Vec<f64>,
    draws: usize,
}

impl Split {
    /// Halves the chains; the middle draw of an odd chain is left out. None where the diagnostics are not defined.
    pub fn new(chains: &[&[f64]], min_chains: usize) -> Option<Split> {
        let length = common_length(chains);
        let usable = chains.len() >= min_chains.max(1) && length >= MIN_DRAWS;
        if !usable || chains.iter().any(|chain| chain[..length].iter().any(|x| x.is_nan())) {
            return None;
        }
        let draws = length / 2;
        let mut values = Vec::with_capacity(2 * draws * chains.len());
        for chain in chains {
            values.extend_from_slice(&chain[..draws]);
            values.extend_from_slice(&chain[length - draws..length]);
        }
        Some(Split { values, draws })
    }

    /// The same halves with other values in them, position by position.
    pub fn with_values(&self, values: Vec<f64>) -> Split {
        debug_assert_eq!(values.len(), self.values.len());
        Split { values, draws: self.draws }
    }

    /// All values, half by half.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Length of one half.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// The halves.
    pub fn halves(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.draws)
    }
}

/// Draws a chain below which ArviZ gives no diagnostic.
const MIN_DRAWS: usize = 4;

/// All draws of the chains, each cut to the length of the shortest.
pub(crate) fn pooled(chains: &[&[f64]]) -> Vec<f64> {
    let length = common_length(chains);
    chains.iter().flat_map(|chain| &chain[..length]).copied().collect()
}

/// The chains with each value mapped, cut to the length of the shortest.
pub(crate) fn map_split(chains: &[&[f64]], f: impl Fn(f64) -> f64) -> Option<Split> {
    let split = Split::new(chains, 1)?;
    let values: Vec<f64> = split.values().iter().map(|&x| f(x)).collect();
    // An infinite draw can turn into NaN here; nothing is defined then.
    if values.iter().any(|x| x.is_nan()) { None } else { Some(split.with_values(values)) }
}

fn common_length(chains: &[&[f64]]) -> usize {
    chains.iter().map(|chain| chain.len()).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_chain_loses_its_middle_draw() {
        let split = Split::new(&[&[1.0, 2.0, 3.0, 4.0, 5.0]], 1).unwrap();
        assert_eq!(split.halves().collect::<Vec<_>>(), [&[1.0, 2.0], &[4.0, 5.0]]);
    }

    #[test]
    fn too_few_draws_or_chains_or_a_nan_give_nothing() {
        let (short, enough) = ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]);
        assert!(Split::new(&[&short], 1).is_none());
        assert!(Split::new(&[&enough], 2).is_none());
        assert!(Split::new(&[], 1).is_none());
        assert!(Split::new(&[&enough, &[1.0, f64::NAN, 3.0, 4.0]], 1).is_none());
        assert!(Split::new(&[&enough, &enough], 2).is_some());
    }

    #[test]
    fn a_longer_chain_is_cut_to_the_shortest() {
        let split = Split::new(&[&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0, f64::NAN]], 2).unwrap();
        assert_eq!(split.values(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    }
}
