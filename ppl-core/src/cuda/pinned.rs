//! Pinned: host memory that the device copies to and from by itself.
#![allow(unsafe_code)]

use cudarc::driver::result;

use super::driver::checked;
use super::emulator;
use super::gpu::{Backend, Gpu};
use super::memory::{At, Buffer, Plain};
use crate::error::Result;

/// Numbers on the host with a copy on the device, at the same offsets.
pub(crate) struct Pinned<T: Plain> {
    gpu: Gpu,
    host: *mut T,
    len: usize,
    device: Buffer<T>,
}

// SAFETY: the memory is this object's alone; the device reads and writes it only between a launch and the synchronisation after it,
// while its owner waits.
unsafe impl<T: Plain> Send for Pinned<T> {}

impl<T: Plain> Pinned<T> {
    pub(crate) fn new(gpu: &Gpu, len: usize) -> Result<Self> {
        let device = gpu.buffer(len)?;
        let bytes = len.max(1) * size_of::<T>();
        let host = match gpu.backend() {
            // SAFETY: the device is that of the thread; the memory is given back once.
            Backend::Device(_) => checked("take host memory", unsafe { result::malloc_host(bytes, 0) })?.cast::<u8>(),
            Backend::Emulated(_) => emulator::take(bytes)? as *mut u8,
        };
        // SAFETY: it was just taken. All bytes are zero, which is a number.
        unsafe { host.write_bytes(0, bytes) };
        let host = host.cast::<T>();
        Ok(Pinned { gpu: gpu.clone(), host, len, device })
    }

    /// The copy on the device.
    pub(crate) fn at(&self) -> At<T> {
        self.device.at()
    }

    /// The host's numbers, while the device does not work on them.
    pub(crate) fn host(&mut self) -> &mut [T] {
        // SAFETY: as long as `self`, which is borrowed.
        unsafe { std::slice::from_raw_parts_mut(self.host, self.len) }
    }

    /// Launches the copy of the first numbers to the device.
    pub(crate) fn send(&mut self, len: usize) -> Result<()> {
        let len = len.min(self.len);
        if len == 0 {
            return Ok(());
        }
        let (gpu, to) = (self.gpu.clone(), self.device.at().address());
        // SAFETY: both have this length, and stay for as long as graphs of it, which their owner keeps beside.
        unsafe { gpu.copy_up(to, &self.host()[..len]) }
    }

    /// Launches the copy of all of it from the device.
    pub(crate) fn fetch(&mut self) -> Result<()> {
        if self.len == 0 {
            return Ok(());
        }
        let (gpu, from) = (self.gpu.clone(), self.device.at().address());
        // SAFETY: as above.
        unsafe { gpu.copy_down(self.host(), from) }
    }
}

impl Pinned<f64> {
    /// The first bytes of words as so many floats.
    pub(crate) fn floats(words: &mut [f64], len: usize) -> &mut [f32] {
        let len = len.min(2 * words.len());
        // SAFETY: any bytes are floats, there are enough of them, and words are aligned for them.
        unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), len) }
    }
}

impl<T: Plain> Drop for Pinned<T> {
    fn drop(&mut self) {
        if self.gpu.bind().is_ok() && self.gpu.synchronize().is_ok() {
            match self.gpu.backend() {
                // SAFETY: taken once in `new`; nothing on the stream uses it any more.
                Backend::Device(_) => {
                    let _ = unsafe { result::free_host(self.host.cast()) };
                }
                Backend::Emulated(_) => emulator::give_back(self.host as u64, self.len.max(1) * size_of::<T>()),
            }
        }
    }
}
