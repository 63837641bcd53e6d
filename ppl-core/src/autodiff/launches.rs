//! Launches: the body of an operation whose way either direction is a list of kernels.

use super::body::Body;
use crate::cuda::{Argument, Gpu, Kernel};
use crate::error::Result;

/// What the CUDA C of kernels that begin [early](Launch::early) begins with: a literal, for `concat!`.
#[macro_export]
macro_rules! early_kernels {
    () => {
        r#"// Kernels that begin before the one before them on the stream has ended (sm_90 and later, where they are launched so): `let_next_begin` lets
// the next begin once all blocks have come there, `await_the_one_before` waits for the end of the one before. Behind it everything that was
// launched before is done. What the one before writes is not read by __ldg, which may be moved to before the wait.

__device__ __forceinline__ void let_next_begin() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

__device__ __forceinline__ void await_the_one_before() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
"#
    };
}

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
