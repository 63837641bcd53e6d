//! How gradients lie between the layers: images split into the phases of the stride.

/// Square images of one channel in four parts, by the parity of row and column counted from the zeros around them: part (0, ..)
/// has rows -1, 1, 3, .., part (1, ..) rows 0, 2, 4, ..
#[derive(Clone, Copy)]
pub(super) struct Phases {
    /// Pixels along a side, without the zeros; even.
    pub(super) side: usize,
}

impl Phases {
    /// Numbers of one row of one part.
    pub(super) fn row(self) -> usize {
        self.side / 2 + 1
    }

    /// Numbers of one part.
    pub(super) fn part(self) -> usize {
        self.row() * self.row()
    }

    /// Numbers of all four.
    pub(super) fn len(self) -> usize {
        4 * self.part()
    }

    /// Where kernel pixel (y, x) meets the first pixel of the deep image.
    pub(super) fn tap(self, y: usize, x: usize) -> usize {
        (y % 2 * 2 + x % 2) * self.part() + y / 2 * self.row() + x / 2
    }

    /// Writes row `y` of pixels, given two by two; the zeros around stay.
    #[inline(always)]
    pub(super) fn write(self, parts: &mut [f32], y: usize, pairs: impl Iterator<Item = [f32; 2]>) {
        let at = (y + 1) % 2 * 2 * self.part() + y.div_ceil(2) * self.row();
        // Even columns are in the part of odd parity.
        let (odd, even) = parts[at..].split_at_mut(self.part());
        let (odd, even) = (&mut odd[1..], &mut even[..self.side / 2]);
        even.iter_mut().zip(odd).zip(pairs).for_each(|((even, odd), pair)| [*even, *odd] = pair);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_where_its_parity_says() {
        let phases = Phases { side: 4 };
        let mut parts = vec![0.0; phases.len()];
        for y in 0..4 {
            phases.write(&mut parts, y, [0, 2].map(|x| [1, 2].map(|one| (10 * (y + 1) + x + one) as f32)).into_iter());
        }
        for (y, x) in [(0, 0), (0, 3), (1, 2), (3, 3), (2, 1)] {
            // Kernel pixel (i, j) meets pixel (2 deep + i - 1, 2 deep + j - 1).
            let (i, j) = ((y + 1) % 2, (x + 1) % 2);
            let at = phases.tap(i, j) + y.div_ceil(2) * phases.row() + x.div_ceil(2);
            assert_eq!(parts[at], (10 * (y + 1) + x + 1) as f32);
        }
        assert_eq!(parts.iter().filter(|x| **x != 0.0).count(), 16);
    }
}
