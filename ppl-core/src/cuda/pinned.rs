//! Pinned: words of host memory that the device copies to and from by itself.
#![allow(unsafe_code)]

use std::ops::Range;

use cudarc::driver::result;

use super::driver::checked;
use super::emulator;
use super::gpu::{Backend, Gpu};
use super::kernel::Kernel;
use super::launch::Argument;
use super::memory::{At, Buffer};
use crate::error::Result;

pub(crate) const SOURCE: (&str, &str) = ("copy", include_str!("../../kernels/copy.cu"));
/// The most words that are copied by a kernel.
const FEW: usize = 4096;
const THREADS: usize = 256;

/// Numbers on the host with a copy on the device, at the same offsets.
pub(crate) struct Pinned {
    gpu: Gpu,
    host: *mut f64,
    len: usize,
    device: Buffer<f64>,
    copy: Kernel,
}

// SAFETY: the memory is this object's alone; the device reads and writes it only between a launch and the synchronisation after it,
// while its owner waits.
unsafe impl Send for Pinned {}

impl Pinned {
    pub(crate) fn new(gpu: &Gpu, len: usize) -> Result<Self> {
        let device = gpu.buffer(len)?;
        let copy = gpu.load(SOURCE.0, SOURCE.1)?.kernel("copy_words")?;
        let bytes = len.max(1) * size_of::<f64>();
        let host = match gpu.backend() {
            // SAFETY: the device is that of the thread; the memory is given back once.
            Backend::Device(_) => checked("take host memory", unsafe { result::malloc_host(bytes, 0) })?.cast::<u8>(),
            Backend::Emulated(_) => emulator::take(bytes)? as *mut u8,
        };
        // SAFETY: it was just taken. All bytes are zero, which is a number.
        unsafe { host.write_bytes(0, bytes) };
        let host = host.cast::<f64>();
        Ok(Pinned { gpu: gpu.clone(), host, len, device, copy })
    }

    /// The copy on the device.
    pub(crate) fn at(&self) -> At<f64> {
        self.device.at()
    }

    /// The host's numbers, while the device does not work on them.
    pub(crate) fn host(&mut self) -> &mut [f64] {
        // SAFETY: as long as `self`, which is borrowed.
        unsafe { std::slice::from_raw_parts_mut(self.host, self.len) }
    }

    /// Launches the copy of the first numbers to the device.
    pub(crate) fn send(&mut self, len: usize) -> Result<()> {
        let len = len.min(self.len);
        let (gpu, to) = (self.gpu.clone(), self.device.at().address());
        if len <= FEW {
            return self.copy(self.host as u64, to, len);
        }
        // SAFETY: both have this length, and stay for as long as graphs of it, which their owner keeps beside.
        unsafe { gpu.copy_up(to, &self.host()[..len]) }
    }

    /// Launches the copy of these from the device.
    pub(crate) fn fetch(&mut self, range: Range<usize>) -> Result<()> {
        let (gpu, from) = (self.gpu.clone(), self.device.at().plus(range.start).address());
        let to = &mut self.host()[range];
        if to.len() <= FEW {
            let (to, len) = (to.as_mut_ptr() as u64, to.len());
            return self.copy(from, to, len);
        }
        // SAFETY: as above.
        unsafe { gpu.copy_down(to, from) }
    }

    /// Launches the copy of a few words by a kernel, to which memory that the device copies from has the address that it has for the host.
    fn copy(&self, from: u64, to: u64, len: usize) -> Result<()> {
        let arguments = [Argument::Address(from), Argument::Address(to), len.into()];
        self.gpu.launch(&self.copy, [len.div_ceil(THREADS), 1, 1], [THREADS, 1, 1], 0, &arguments)
    }

    /// The first bytes of words as so many floats.
    pub(crate) fn floats(words: &mut [f64], len: usize) -> &mut [f32] {
        let len = len.min(2 * words.len());
        // SAFETY: any bytes are floats, there are enough of them, and words are aligned for them.
        unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), len) }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if self.gpu.bind().is_ok() && self.gpu.synchronize().is_ok() {
            match self.gpu.backend() {
                // SAFETY: taken once in `new`; nothing on the stream uses it any more.
                Backend::Device(_) => {
                    let _ = unsafe { result::free_host(self.host.cast()) };
                }
                Backend::Emulated(_) => emulator::give_back(self.host as u64, self.len.max(1) * size_of::<f64>()),
            }
        }
    }
}
