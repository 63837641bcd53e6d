//! Emulator: a GPU that is a C++ compiler and this machine, to test kernels and their launches where there is none.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::HashMap;
use std::ffi::c_void;
use std::path::PathBuf;
use std::process::Command as Process;
use std::sync::{Arc, Mutex, MutexGuard};

use libloading::Library;

use crate::error::{Error, Result};

const SHIM: &str = include_str!("../../kernels/cuda_shim.h");

/// Calls of kernels by their addresses, whatever their arguments are.
const CALLS: &str = r#"
#include <tuple>
#include <utility>
namespace shim {
template <class... A, size_t... I>
void call_with(void (*kernel)(A...), void** arguments, std::index_sequence<I...>) {
    kernel(*(A*)arguments[I]...);
}
template <class... A>
void call(void (*kernel)(A...), const unsigned* sizes, void** arguments) {
    launch(dim3(sizes[0], sizes[1], sizes[2]), dim3(sizes[3], sizes[4], sizes[5]),
           [=] { call_with(kernel, arguments, std::index_sequence_for<A...>{}); });
}
}
"#;

/// What is done in order, or captured to be done later.
#[derive(Clone)]
pub(super) enum Command {
    Launch { kernel: EmulatedKernel, sizes: [u32; 6], words: Vec<u64> },
    Copy { to: u64, from: u64, bytes: usize },
    Fill { at: u64, byte: u8, bytes: usize },
}

/// A kernel as a function of the host.
#[derive(Clone)]
pub(super) struct EmulatedKernel {
    call: unsafe extern "C" fn(*const u32, *mut *mut c_void),
    /// What it is in.
    _library: Arc<Library>,
}

/// The machine as a GPU.
#[derive(Default)]
pub(super) struct Emulator {
    captured: Mutex<Option<Vec<Command>>>,
}

/// Kernels have static memory: one runs at a time.
static RUNNING: Mutex<()> = Mutex::new(());

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn failed(what: &'static str, text: impl ToString) -> Error {
    Error::Cuda { what, text: text.to_string() }
}

impl Emulator {
    /// Does a command, or keeps it where a capture is going on.
    pub(super) fn give(&self, command: Command) {
        match &mut *locked(&self.captured) {
            Some(captured) => captured.push(command),
            None => run(&command),
        }
    }

    pub(super) fn begin_capture(&self) {
        *locked(&self.captured) = Some(vec![]);
    }

    pub(super) fn end_capture(&self) -> Vec<Command> {
        locked(&self.captured).take().unwrap_or_default()
    }
}

/// Does a command.
pub(super) fn run(command: &Command) {
    match command {
        Command::Launch { kernel, sizes, words } => {
            let mut words = words.clone();
            let mut pointers: Vec<*mut c_void> = words.iter_mut().map(|word| std::ptr::from_mut(word).cast()).collect();
            let _alone = locked(&RUNNING);
            // SAFETY: the function was compiled to take these; its arguments are what the kernel takes.
            unsafe { (kernel.call)(sizes.as_ptr(), pointers.as_mut_ptr()) };
        }
        // SAFETY: addresses are those of buffers of this length.
        Command::Copy { to, from, bytes } => unsafe {
            std::ptr::copy_nonoverlapping(*from as *const u8, *to as *mut u8, *bytes);
        },
        // SAFETY: as above.
        Command::Fill { at, byte, bytes } => unsafe { (*at as *mut u8).write_bytes(*byte, *bytes) },
    }
}

fn layout(bytes: usize) -> Result<Layout> {
    Layout::from_size_align(bytes.max(1), 256).map_err(|error| failed("take memory", error))
}

/// Memory of the host as that of a device, zero.
pub(super) fn take(bytes: usize) -> Result<u64> {
    // SAFETY: the size is not zero.
    Ok(unsafe { alloc_zeroed(layout(bytes)?) } as u64)
}

/// Gives memory back.
pub(super) fn give_back(address: u64, bytes: usize) {
    if let Ok(layout) = layout(bytes) {
        // SAFETY: it was taken with this layout, and nobody uses it any more.
        unsafe { dealloc(address as *mut u8, layout) };
    }
}

/// Compiles a source for the host: its kernels by name.
pub(super) fn compile(name: &str, source: &str) -> Result<HashMap<String, EmulatedKernel>> {
    let compiled = |error: std::io::Error| failed("compile kernels for the host", error);
    let folder = std::env::temp_dir().join(format!("arclet-emulator-{}-{:p}", std::process::id(), source));
    std::fs::create_dir_all(&folder).map_err(compiled)?;
    let (text, library) = (folder.join(format!("{name}.cpp")), folder.join(format!("{name}.so")));
    // Names may come of macros.
    let own = folder.join(format!("{name}.cu"));
    std::fs::write(&own, source).map_err(compiled)?;
    let expanded = Process::new("g++").args(["-E", "-P", "-x", "c++"]).arg(&own).output().map_err(compiled)?;
    let names = kernel_names(&String::from_utf8_lossy(&expanded.stdout));
    let mut all = format!("#line 1 \"cuda_shim.h\"\n{SHIM}{CALLS}#line 1 \"{name}.cu\"\n{}\n", with_shared(source));
    for kernel in &names {
        all += &format!(
            "extern \"C\" void emulated_{kernel}(const unsigned* sizes, void** arguments) {{ shim::call({kernel}, sizes, arguments); }}\n"
        );
    }
    std::fs::write(&text, all).map_err(compiled)?;
    let built = Process::new("g++")
        .args(["-std=c++17", "-O1", "-fPIC", "-shared", "-w", "-o"])
        .args([&library, &text])
        .output()
        .map_err(compiled)?;
    if !built.status.success() {
        let log = String::from_utf8_lossy(&built.stderr).into_owned();
        return Err(Error::CudaCompile { name: name.to_owned(), log });
    }
    let load = |library: &PathBuf| {
        // SAFETY: it was just compiled, and does nothing when it is loaded.
        unsafe { Library::new(library) }.map(Arc::new).map_err(|error| failed("load kernels for the host", error))
    };
    let library = load(&library)?;
    // What is loaded needs its file no more.
    let _ = std::fs::remove_dir_all(&folder);
    let mut kernels = HashMap::new();
    for kernel in names {
        let symbol = format!("emulated_{kernel}");
        // SAFETY: it is what was written above.
        let call = unsafe { library.get(symbol.as_bytes()) }.map(|call| *call);
        let call = call.map_err(|error| failed("find a kernel", error))?;
        kernels.insert(kernel, EmulatedKernel { call, _library: library.clone() });
    }
    Ok(kernels)
}

/// The names after `__global__ void`, launch bounds left out.
fn kernel_names(source: &str) -> Vec<String> {
    let bodies = source.split("__global__ void").skip(1).filter_map(|rest| {
        let rest = rest.trim_start();
        let rest = match rest.strip_prefix("__launch_bounds__") {
            Some(rest) => rest.split_once(')')?.1.trim_start(),
            None => rest,
        };
        rest.split_once('(').map(|(name, _)| name.trim().to_owned())
    });
    bodies.filter(|name| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')).collect()
}

/// Dynamic shared memory as memory of a fixed size.
fn with_shared(source: &str) -> String {
    let mut text = source.to_owned();
    for kind in ["float", "double", "float4", "unsigned char"] {
        let begin = format!("extern __shared__ {kind} ");
        text = text.replace(&begin, &format!("alignas(16) static {kind} "));
    }
    text.replace("tile[];", "tile[1 << 16];").replace("shared[];", "shared[1 << 16];")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_found_with_and_without_bounds() {
        let source =
            "extern \"C\" __global__ void one(int n) {}\n__global__ void __launch_bounds__(256, 2) two(\n  int n) {}";
        assert_eq!(kernel_names(source), ["one", "two"]);
    }
}
