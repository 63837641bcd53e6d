//! Shapes: the user's dimensions behind an invisible leading axis of lanes.

use std::fmt;

/// The most dimensions a value has besides its lanes: four plates around a matrix.
const MAX_RANK: usize = 6;

/// The dimensions a user sees, without lanes.
#[derive(Clone, Copy, Eq)]
pub struct Dims {
    sizes: [usize; MAX_RANK],
    rank: usize,
    /// The product of the sizes.
    len: usize,
}

impl Dims {
    /// The most dimensions there are.
    pub const MAX_RANK: usize = MAX_RANK;

    /// The dimensions of a scalar.
    pub const SCALAR: Dims = Dims { sizes: [1; MAX_RANK], rank: 0, len: 1 };

    /// Dimensions from sizes, outermost first; at most six.
    ///
    /// # Panics
    /// With more than six sizes, which is a bug in the calling operation.
    #[inline]
    pub fn new(sizes: &[usize]) -> Self {
        assert!(sizes.len() <= MAX_RANK, "at most {MAX_RANK} dimensions, got {sizes:?}");
        let mut dims = Dims { sizes: [1; MAX_RANK], rank: sizes.len(), len: sizes.iter().product() };
        dims.sizes[..sizes.len()].copy_from_slice(sizes);
        dims
    }

    /// The sizes, outermost first.
    #[inline]
    pub fn sizes(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }

    /// How many dimensions.
    #[inline]
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// How many elements in one lane.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether a lane has no element at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// These dimensions followed by `inner`.
    pub fn then(&self, inner: Dims) -> Dims {
        Dims::new(&[self.sizes(), inner.sizes()].concat())
    }

    /// `inner` cut off from the right: the first `rank - inner` dimensions and the last `inner`.
    pub fn split(&self, inner: usize) -> (Dims, Dims) {
        let (outer, inner) = self.sizes().split_at(self.rank - inner.min(self.rank));
        (Dims::new(outer), Dims::new(inner))
    }

    /// NumPy's broadcast of two shapes, aligned at the innermost dimension; `None` where they disagree.
    #[inline]
    pub fn broadcast(self, other: Dims) -> Option<Dims> {
        if self == other || other.rank == 0 {
            return Some(self);
        }
        let rank = self.rank.max(other.rank);
        let size = |d: &Dims, i: usize| if i + d.rank < rank { 1 } else { d.sizes[i + d.rank - rank] };
        let mut sizes = [1; MAX_RANK];
        for (i, out) in sizes[..rank].iter_mut().enumerate() {
            *out = match (size(&self, i), size(&other, i)) {
                (a, b) if a == b || b == 1 => a,
                (1, b) => b,
                _ => return None,
            };
        }
        Some(Dims::new(&sizes[..rank]))
    }

    /// How to walk along `source`, which must broadcast to `self`, element by element of `self`.
    #[inline]
    pub fn walk(self, source: Dims) -> Walk {
        if source == self {
            return Walk::Along;
        }
        if source.len() == 1 {
            return Walk::Same;
        }
        let offset = self.rank - source.rank;
        let index = |flat: usize| {
            let (mut rest, mut index, mut stride) = (flat, 0, 1);
            for i in (0..self.rank).rev() {
                let at = rest % self.sizes[i];
                rest /= self.sizes[i];
                if i >= offset {
                    let size = source.sizes[i - offset];
                    index += if size == 1 { 0 } else { at * stride };
                    stride *= size;
                }
            }
            index
        };
        Walk::Table((0..self.len()).map(index).collect())
    }
}

/// Which element of a broadcast input belongs to each element of the output.
#[derive(Clone, Debug)]
pub enum Walk {
    /// The same one.
    Along,
    /// The only one.
    Same,
    /// The one in the table.
    Table(Vec<usize>),
}

impl Walk {
    /// The index into the input for element `i` of the output.
    #[inline]
    pub fn at(&self, i: usize) -> usize {
        match self {
            Walk::Along => i,
            Walk::Same => 0,
            Walk::Table(table) => table[i],
        }
    }
}

impl PartialEq for Dims {
    /// Element by element: a comparison of so few numbers costs less than a call of memcmp.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.rank == other.rank && (0..self.rank).all(|i| self.sizes[i] == other.sizes[i])
    }
}

impl fmt::Debug for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.sizes(), f)
    }
}

impl fmt::Display for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.sizes(), f)
    }
}

/// Lanes and dimensions of a value. One lane stands for all lanes (a constant broadcasts).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Parallel evaluations of the model, or 1 for a value that all share.
    pub lanes: usize,
    /// What the user sees.
    pub dims: Dims,
}

impl Shape {
    /// Shape of a value with `lanes` lanes of `dims`.
    #[inline]
    pub fn new(lanes: usize, dims: Dims) -> Self {
        Shape { lanes, dims }
    }

    /// How many numbers are stored.
    #[inline]
    pub fn len(&self) -> usize {
        self.lanes * self.dims.len()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// From the numbers of one lane to those of the next; zero where all lanes share them.
    #[inline]
    pub fn step(&self) -> usize {
        if self.lanes == 1 { 0 } else { self.dims.len() }
    }

    /// Where the numbers of one lane are.
    #[inline]
    pub fn lane(&self, lane: usize) -> std::ops::Range<usize> {
        let start = lane * self.step();
        start..start + self.dims.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_broadcast_as_in_numpy() {
        let d = Dims::new;
        assert_eq!(d(&[3]).broadcast(d(&[])), Some(d(&[3])));
        assert_eq!(d(&[4, 3]).broadcast(d(&[3])), Some(d(&[4, 3])));
        assert_eq!(d(&[4, 1]).broadcast(d(&[3])), Some(d(&[4, 3])));
        assert_eq!(d(&[4]).broadcast(d(&[3])), None);
    }

    #[test]
    fn a_walk_along_a_broadcast_input_repeats_it() {
        let walk = |to: &[usize], from: &[usize]| {
            let walk = Dims::new(to).walk(Dims::new(from));
            (0..Dims::new(to).len()).map(|i| walk.at(i)).collect::<Vec<_>>()
        };
        assert_eq!(walk(&[2, 3], &[3]), [0, 1, 2, 0, 1, 2]);
        assert_eq!(walk(&[2, 3], &[2, 1]), [0, 0, 0, 1, 1, 1]);
        assert_eq!(walk(&[2], &[]), [0, 0]);
        assert_eq!(walk(&[2, 2], &[2, 2]), [0, 1, 2, 3]);
    }
}
