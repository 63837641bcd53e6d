//! How an image lies between the layers: with a border of zeros.

/// A square image with one pixel of zeros around, of numbers or of channels together.
#[derive(Clone, Copy)]
pub(super) struct Plane {
    /// Pixels along a side, without the zeros.
    pub(super) side: usize,
}

impl Plane {
    /// From one row to the next.
    pub(super) fn row(self) -> usize {
        self.side + 2
    }

    /// All pixels.
    pub(super) fn len(self) -> usize {
        self.row() * self.row()
    }

    /// Where a pixel is.
    pub(super) fn at(self, y: usize, x: usize) -> usize {
        (y + 1) * self.row() + x + 1
    }

    /// The rows of pixels of a plane.
    pub(super) fn rows<T>(self, plane: &mut [T]) -> impl Iterator<Item = &mut [T]> {
        plane.chunks_exact_mut(self.row()).skip(1).take(self.side).map(move |row| &mut row[1..=self.side])
    }
}
