//! Modules: compiled sources, and the kernels in them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use cudarc::driver::CudaModule;

use super::cache;
use super::driver::checked;
use super::emulator::{self, EmulatedKernel};
use super::gpu::{Backend, Gpu};
use super::kernel::{Function, Kernel};
use crate::error::{Error, Result};

/// A compiled source on a device.
#[derive(Clone)]
pub struct Module(Loaded);

#[derive(Clone)]
enum Loaded {
    Device(Arc<CudaModule>),
    Emulated(Arc<HashMap<String, EmulatedKernel>>),
}

/// What was loaded in this process, by device (none: emulated) and text.
type Modules = HashMap<(Option<usize>, String), Module>;

static MODULES: LazyLock<Mutex<Modules>> = LazyLock::new(Mutex::default);

impl Gpu {
    /// Compiles a source once in the life of this device, or reads what an earlier process compiled.
    ///
    /// # Errors
    /// [`Error::CudaCompile`] with what the compiler says.
    pub fn load(&self, name: &str, source: &str) -> Result<Module> {
        self.bind()?;
        let number = match self.backend() {
            Backend::Device(device) => Some(device.context.ordinal()),
            Backend::Emulated(_) => None,
        };
        let key = (number, source.to_owned());
        let mut modules = MODULES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(module) = modules.get(&key) {
            return Ok(module.clone());
        }
        let loaded = match self.backend() {
            Backend::Device(device) => {
                let ptx = cache::ptx(&device.compiler, name, source)?;
                Loaded::Device(checked("load a module", device.context.load_module(ptx))?)
            }
            Backend::Emulated(_) => Loaded::Emulated(Arc::new(emulator::compile(name, source)?)),
        };
        let module = Module(loaded);
        modules.insert(key, module.clone());
        Ok(module)
    }
}

impl Module {
    /// The kernel of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn kernel(&self, name: &str) -> Result<Kernel> {
        match &self.0 {
            Loaded::Device(module) => {
                checked("find a kernel", module.load_function(name)).map(|function| Kernel(Function::Device(function)))
            }
            Loaded::Emulated(kernels) => {
                let kernel = kernels.get(name).cloned().map(|kernel| Kernel(Function::Emulated(kernel)));
                kernel.ok_or_else(|| Error::Cuda { what: "find a kernel", text: name.to_owned() })
            }
        }
    }
}
