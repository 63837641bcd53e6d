//! Launches: what a step has the device do, as data, so that the same list is captured on a GPU, counted, and run by tests without one.

/// A number in one of the blocks of memory of a step; all blocks are of numbers of four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub block: usize,
    pub first: usize,
}

impl Place {
    pub(super) fn plus(self, numbers: usize) -> Self {
        Place { first: self.first + numbers, ..self }
    }
}

/// What a kernel is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operand {
    Place(Place),
    Int(usize),
    Float(f32),
    Double(f64),
}

impl From<Place> for Operand {
    fn from(place: Place) -> Self {
        Operand::Place(place)
    }
}

impl From<usize> for Operand {
    fn from(n: usize) -> Self {
        Operand::Int(n)
    }
}

impl From<f32> for Operand {
    fn from(x: f32) -> Self {
        Operand::Float(x)
    }
}

impl From<f64> for Operand {
    fn from(x: f64) -> Self {
        Operand::Double(x)
    }
}

/// A matrix as a product takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Matrix {
    pub at: Place,
    /// Numbers from row to row, as it lies in memory.
    pub width: usize,
    /// Whether it is the transpose of what lies in memory.
    pub transposed: bool,
    /// Numbers from this one to that of the next product.
    pub step: usize,
}

impl Matrix {
    pub(super) fn new(at: Place, width: usize) -> Self {
        Matrix { at, width, transposed: false, step: 0 }
    }

    pub(super) fn transposed(self) -> Self {
        Matrix { transposed: true, ..self }
    }

    pub(super) fn each(self, step: usize) -> Self {
        Matrix { step, ..self }
    }
}

/// out `[rows][columns]` = left `[rows][depth]` right `[depth][columns]`, row after row, so many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Product {
    pub rows: usize,
    pub columns: usize,
    pub depth: usize,
    pub left: Matrix,
    pub right: Matrix,
    pub out: Place,
    pub times: usize,
}

/// One launch.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Launch {
    Kernel { name: &'static str, grid: [usize; 2], threads: usize, operands: Vec<Operand> },
    Product(Product),
}

/// Threads of a block where nothing speaks for another number.
const THREADS: usize = 256;

impl Launch {
    /// A kernel with a thread for each of `threads`, times `rows`.
    pub(super) fn over<const N: usize>(
        name: &'static str,
        threads: usize,
        rows: usize,
        operands: [Operand; N],
    ) -> Self {
        let block = whole_warps(threads, THREADS);
        Launch::Kernel { name, grid: [Self::grid_of(threads), rows], threads: block, operands: operands.to_vec() }
    }

    /// How many blocks [`Launch::over`] takes for so many threads of one row.
    pub(super) fn grid_of(threads: usize) -> usize {
        threads.div_ceil(whole_warps(threads, THREADS))
    }

    /// A kernel with so many blocks, whose threads share out `length` numbers.
    pub(super) fn blocks<const N: usize>(
        name: &'static str,
        grid: [usize; 2],
        length: usize,
        operands: [Operand; N],
    ) -> Self {
        Launch::Kernel { name, grid, threads: whole_warps(length, 1024), operands: operands.to_vec() }
    }

    /// Multiply-adds.
    #[cfg(test)]
    pub(super) fn multiplied(&self) -> usize {
        match self {
            Launch::Kernel { .. } => 0,
            Launch::Product(Product { rows, columns, depth, times, .. }) => rows * columns * depth * times,
        }
    }

    /// Its name and size, for tables.
    pub(super) fn describe(&self) -> String {
        match self {
            Launch::Kernel { name, grid: [x, y], threads, .. } => format!("{name} {x} x {y} x {threads}"),
            Launch::Product(Product { rows, columns, depth, left, right, times, .. }) => {
                let mark = |matrix: &Matrix| if matrix.transposed { "t" } else { "n" };
                format!("product {rows} x {columns} x {depth} {}{} times {times}", mark(left), mark(right))
            }
        }
    }
}

/// How many threads of whole warps, at most so many.
fn whole_warps(length: usize, most: usize) -> usize {
    length.next_multiple_of(32).clamp(32, most)
}

/// The launches of a step in their order, and the memory that they work on.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// Numbers of every block.
    pub memory: Vec<usize>,
}

impl Sheet {
    /// A new block of so many numbers.
    pub(super) fn block(&mut self, numbers: usize) -> Place {
        self.memory.push(numbers);
        Place { block: self.memory.len() - 1, first: 0 }
    }
}
