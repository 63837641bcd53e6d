//! Launches: the body of an operation whose way either direction is a list of kernels.

use ppl_core::Result;
use ppl_core::autodiff::{Body, Places};
use ppl_core::cuda::{Argument, Gpu, Kernel};

/// One kernel with all it is given.
pub(crate) struct Launch {
    kernel: Kernel,
    grid: [usize; 3],
    threads: usize,
    arguments: Vec<Argument>,
}

impl Launch {
    /// The kernel of this name in a source (name and text), on so many blocks of so many threads.
    ///
    /// # Errors
    /// What the compiler says.
    pub(crate) fn new(
        places: &Places<'_>,
        source: (&str, &str),
        kernel: &str,
        (grid, threads): ([usize; 3], usize),
        arguments: Vec<Argument>,
    ) -> Result<Self> {
        Ok(Launch { kernel: places.kernel(source, kernel)?, grid, threads, arguments })
    }
}

/// Launches forwards and backwards.
pub(crate) struct Launches {
    pub(crate) gpu: Gpu,
    pub(crate) value: Vec<Launch>,
    pub(crate) vjp: Vec<Launch>,
}

impl Launches {
    fn run(&self, all: &[Launch]) -> Result<()> {
        all.iter().try_for_each(|Launch { kernel, grid, threads, arguments }| {
            self.gpu.launch(kernel, *grid, [*threads, 1, 1], 0, arguments)
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
