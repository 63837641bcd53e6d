//! A named array of draws, and the scalar entries in it.

/// The draws of one site, `[chain, draw, ..shape]`, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) draws: usize,
    pub(super) values: Vec<f64>,
}

/// One array of data that the model was conditioned on, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedData {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f64>,
}

/// The draws of one scalar: an entry of a variable under its flat name.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    name: String,
    draws: usize,
    values: Vec<f64>,
}

impl Variable {
    /// The name of the site.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape of one draw; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All values, `[chain, draw, ..shape]`.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// How many scalars one draw has.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether a draw has no scalar at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The draws, one slice of `shape` each, chain after chain.
    pub fn draws(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.len().max(1))
    }

    /// The scalar at `index` of the flattened shape; None beyond the last.
    pub fn entry(&self, index: usize) -> Option<Entry> {
        let size = self.len();
        (index < size).then(|| Entry {
            name: flat_name(&self.name, &self.shape, index),
            draws: self.draws,
            values: self.values.iter().skip(index).step_by(size).copied().collect(),
        })
    }

    /// Every scalar, in row-major order.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        (0..self.len()).filter_map(|index| self.entry(index))
    }

    /// The flat name of every scalar: `mu`, or `theta[0]`, `theta[1]`, or `m[0, 0]` as ArviZ has it.
    pub fn flat_names(&self) -> impl Iterator<Item = String> {
        (0..self.len()).map(|index| flat_name(&self.name, &self.shape, index))
    }
}

impl ObservedData {
    /// The name of the site.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape of the data.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The data, row-major.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

impl Entry {
    /// The flat name, `theta[0]`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All draws, chain after chain.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The chains, as the diagnostics take them.
    pub fn chains(&self) -> Vec<&[f64]> {
        self.values.chunks_exact(self.draws.max(1)).collect()
    }
}

/// `name[i, j]` for the row-major `index`, the bare name for a scalar.
fn flat_name(name: &str, shape: &[usize], index: usize) -> String {
    if shape.is_empty() {
        return name.to_string();
    }
    let mut rest = index;
    let mut places: Vec<String> = Vec::with_capacity(shape.len());
    for &size in shape.iter().rev() {
        places.push((rest % size).to_string());
        rest /= size;
    }
    places.reverse();
    format!("{name}[{}]", places.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> Variable {
        // Two chains of two draws of a 2 x 3 matrix, numbered through.
        Variable { name: "m".into(), shape: vec![2, 3], draws: 2, values: (0..24).map(f64::from).collect() }
    }

    #[test]
    fn flat_names_count_row_major() {
        let names: Vec<_> = matrix().flat_names().collect();
        assert_eq!(names, ["m[0, 0]", "m[0, 1]", "m[0, 2]", "m[1, 0]", "m[1, 1]", "m[1, 2]"]);
    }

    #[test]
    fn an_entry_gathers_one_scalar_over_all_chains() {
        let entry = matrix().entry(4).unwrap();
        assert_eq!(entry.name(), "m[1, 1]");
        assert_eq!(entry.chains(), [&[4.0, 10.0], &[16.0, 22.0]]);
        assert!(matrix().entry(6).is_none());
        assert_eq!(matrix().draws().nth(3).unwrap()[0], 18.0);
    }

    #[test]
    fn a_scalar_has_its_bare_name_and_an_empty_array_no_entries() {
        let scalar = Variable { name: "mu".into(), shape: vec![], draws: 2, values: vec![1.0, 2.0] };
        assert_eq!(scalar.flat_names().collect::<Vec<_>>(), ["mu"]);
        let empty = Variable { name: "none".into(), shape: vec![0], draws: 2, values: vec![] };
        assert_eq!(empty.entries().count() + empty.draws().count(), 0);
    }
}
