//! The layout of a model's unconstrained vector: which stretch belongs to which site.

use std::rc::Rc;

use crate::autodiff::Dims;
use crate::distributions::Support;
use crate::error::{Error, Result};
use crate::handler::Trace;
use crate::transform::Draws;

/// The stretch of one latent site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Rc<str>,
    /// Its dimensions.
    pub dims: Dims,
    /// Where it begins.
    pub offset: usize,
    /// How many unconstrained numbers it takes: fewer than it has elements where its support binds them together.
    pub len: usize,
}

impl Entry {
    /// The names of its elements: `mu`, or `theta[0]`, `theta[1]`, ..
    pub fn element_names(&self) -> Vec<String> {
        element_names(&self.name, self.dims)
    }
}

/// The names of the elements of a site, row-major.
pub(crate) fn element_names(name: &str, dims: Dims) -> Vec<String> {
    match dims.sizes() {
        [] => vec![name.to_owned()],
        [n] => (0..*n).map(|i| format!("{name}[{i}]")).collect(),
        sizes => {
            let inner = Dims::new(&sizes[1..]);
            let index = |i: usize| element_names("", inner).into_iter().map(move |rest| format!("{i},{}", &rest[1..]));
            (0..sizes[0]).flat_map(index).map(|at| format!("{name}[{at}")).collect()
        }
    }
}

/// The latent sites of a model, in the order they are sampled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    entries: Vec<Entry>,
    dim: usize,
}

impl Layout {
    /// The layout of the latent sites of a trace.
    ///
    /// # Errors
    /// A free site that is discrete, or whose draws cannot have their shape.
    pub fn of(trace: &Trace) -> Result<Self> {
        let mut layout = Layout::default();
        for (name, site) in trace.iter().filter(|(_, site)| site.is_free()) {
            let Some(dist) = &site.dist else { continue };
            let dims = site.value.dims();
            let len = match dist.support() {
                Support::Interval { .. } => dims.len(),
                Support::Vector(support) => Draws::of(name, support, dims, dist.event_rank())?.free_len(),
                Support::Integers { .. } => {
                    let distribution = dist.name().to_owned();
                    return Err(Error::DiscreteLatent { site: name.to_string(), distribution });
                }
            };
            layout.entries.push(Entry { name: name.clone(), dims, offset: layout.dim, len });
            layout.dim += len;
        }
        Ok(layout)
    }

    /// The sites, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Length of the unconstrained vector.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The entry of a site; `hint` is where it should be if the model runs as it did.
    pub(crate) fn find(&self, name: &str, hint: usize) -> Option<&Entry> {
        let expected = self.entries.get(hint).filter(|e| &*e.name == name);
        expected.or_else(|| self.entries.iter().find(|e| &*e.name == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_named_by_their_indices() {
        assert_eq!(element_names("mu", Dims::SCALAR), ["mu"]);
        assert_eq!(element_names("t", Dims::new(&[2])), ["t[0]", "t[1]"]);
        assert_eq!(element_names("t", Dims::new(&[2, 2])), ["t[0,0]", "t[0,1]", "t[1,0]", "t[1,1]"]);
    }
}
