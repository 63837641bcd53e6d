//! Launches: the body of an operation whose way either direction is a list of kernels.

use super::body::Body;
use crate::cuda::{Argument, Gpu, Kernel};
use crate::error::Result;

/// One kernel with all it is given.
pub struct Launch {
    /// The kernel.
    pub kernel: Kernel,
    /// Blocks.
    pub grid: [usize; 3],
    /// Threads of a block.
    pub block: [usize; 3],
    /// Bytes of dynamic shared memory of a block.
    pub shared: usize,
    /// What it takes.
    pub arguments: Vec<Argument>,
    /// Whether it may begin before the one before it in a list has ended, for which it waits itself (see [`Gpu::launch_when`]).
    pub early: bool,
}

impl Launch {
    /// Without dynamic shared memory, with blocks along one axis of threads.
    #[must_use]
    pub fn new(kernel: Kernel, grid: [usize; 3], threads: usize, arguments: Vec<Argument>) -> Self {
        Launch { kernel, grid, block: [threads, 1, 1], shared: 0, arguments, early: false }
    }

    /// The same, early.
    #[must_use]
    pub fn early(self) -> Self {
        Launch { early: true, ..self }
    }
}

/// Kernels forwards and backwards, in their order.
pub struct Launches {
    /// The device.
    pub gpu: Gpu,
    /// Forwards.
    pub value: Vec<Launch>,
    /// Backwards.
    pub vjp: Vec<Launch>,
}

impl Launches {
    /// Launches some kernels on their device.
    ///
    /// # Errors
    /// What the driver says.
    pub fn run(&self, all: &[Launch]) -> Result<()> {
        // What is before the first is not known.
        all.iter().enumerate().try_for_each(|(i, l)| {
            self.gpu.launch_when(l.early && i > 0, &l.kernel, l.grid, l.block, l.shared, &l.arguments)
        })
    }
}

impl Body for Launches {
    fn value(&self) -> Result<()> {
        self.run(&self.value)
    }

    fn vjp(&self) -> Result<()> {
        self.run(&self.vjp)
    }
}
