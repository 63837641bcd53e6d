//! Memory: buffers on a device, and addresses in them.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Range;

use cudarc::driver::result;

use super::driver::checked;
use super::emulator::{self, Command};
use super::gpu::{Backend, Gpu};
use super::launch::Argument;
use crate::error::Result;

/// Numbers that are their bytes: any bytes are one of them.
pub trait Plain: Copy + Default + Send + 'static {}

impl Plain for f32 {}
impl Plain for f64 {}
impl Plain for u8 {}
impl Plain for i32 {}
impl Plain for u32 {}
impl Plain for u64 {}
impl Plain for i64 {}

/// The address of a number on a device, and of those after it.
#[derive(Debug, PartialEq, Eq)]
pub struct At<T> {
    address: u64,
    numbers: PhantomData<fn() -> T>,
}

impl<T> Clone for At<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for At<T> {}

impl<T> At<T> {
    pub(crate) fn new(address: u64) -> Self {
        At { address, numbers: PhantomData }
    }

    /// The address itself.
    #[must_use]
    pub fn address(self) -> u64 {
        self.address
    }

    /// The address of the number so many further.
    #[must_use]
    pub fn plus(self, numbers: usize) -> Self {
        At::new(self.address + (numbers * size_of::<T>()) as u64)
    }

    /// The same bytes as numbers of another kind.
    #[must_use]
    pub fn cast<U>(self) -> At<U> {
        At::new(self.address)
    }
}

impl<T> From<At<T>> for Argument {
    fn from(at: At<T>) -> Self {
        Argument::Address(at.address())
    }
}

impl<T> From<Option<At<T>>> for Argument {
    fn from(at: Option<At<T>>) -> Self {
        Argument::Address(at.map_or(0, |at| at.address()))
    }
}

/// Numbers on a device. Memory is taken and given back in the order of the stream, from a pool that keeps it.
pub struct Buffer<T> {
    gpu: Gpu,
    at: At<T>,
    len: usize,
}

impl Gpu {
    /// So many zeros.
    ///
    /// # Errors
    /// No memory.
    pub fn buffer<T: Plain>(&self, len: usize) -> Result<Buffer<T>> {
        Buffer::zeros(self, len)
    }

    /// These numbers, on the device.
    ///
    /// # Errors
    /// No memory.
    pub fn upload<T: Plain>(&self, numbers: &[T]) -> Result<Buffer<T>> {
        let buffer = Buffer::zeros(self, numbers.len())?;
        buffer.write(numbers)?;
        Ok(buffer)
    }
}

impl Gpu {
    /// Launches a copy from the host.
    ///
    /// # Safety
    /// There is room, and the numbers stay where they are until the copy is done.
    pub(super) unsafe fn copy_up<T: Plain>(&self, to: u64, numbers: &[T]) -> Result<()> {
        let (from, bytes) = (numbers.as_ptr() as u64, size_of_val(numbers));
        match self.backend() {
            // SAFETY: the caller's.
            Backend::Device(device) => checked("copy to the device", unsafe {
                result::memcpy_htod_async(to, numbers, device.stream().cu_stream())
            }),
            Backend::Emulated(emulator) => {
                emulator.give(Command::Copy { to, from, bytes });
                Ok(())
            }
        }
    }

    /// Launches a copy to the host.
    ///
    /// # Safety
    /// As many numbers are there, and nothing moves or reads those of the host until the copy is done.
    pub(super) unsafe fn copy_down<T: Plain>(&self, numbers: &mut [T], from: u64) -> Result<()> {
        let (to, bytes) = (numbers.as_mut_ptr() as u64, size_of_val(numbers));
        match self.backend() {
            // SAFETY: the caller's.
            Backend::Device(device) => checked("copy from the device", unsafe {
                result::memcpy_dtoh_async(numbers, from, device.stream().cu_stream())
            }),
            Backend::Emulated(emulator) => {
                emulator.give(Command::Copy { to, from, bytes });
                Ok(())
            }
        }
    }

    /// Launches the filling of bytes.
    ///
    /// # Safety
    /// They are the caller's.
    unsafe fn fill(&self, at: u64, byte: u8, bytes: usize) -> Result<()> {
        match self.backend() {
            // SAFETY: the caller's.
            Backend::Device(device) => {
                checked("fill memory", unsafe { result::memset_d8_async(at, byte, bytes, device.stream().cu_stream()) })
            }
            Backend::Emulated(emulator) => {
                emulator.give(Command::Fill { at, byte, bytes });
                Ok(())
            }
        }
    }
}

impl<T: Plain> Buffer<T> {
    fn zeros(gpu: &Gpu, len: usize) -> Result<Self> {
        gpu.bind()?;
        let address = match gpu.backend() {
            // SAFETY: the device is that of the thread; the memory is this buffer's alone and given back once.
            Backend::Device(device) => {
                checked("take memory", unsafe { result::malloc_async(device.stream().cu_stream(), Self::bytes(len)) })?
            }
            Backend::Emulated(_) => emulator::take(Self::bytes(len))?,
        };
        let buffer = Buffer { gpu: gpu.clone(), at: At::new(address), len };
        // SAFETY: they were just taken.
        unsafe { gpu.fill(address, 0, Self::bytes(len))? };
        Ok(buffer)
    }

    /// Where it begins.
    #[must_use]
    pub fn at(&self) -> At<T> {
        self.at
    }

    /// How many numbers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Fills it from the beginning on, after what was launched before.
    ///
    /// # Errors
    /// More numbers than there is room for.
    pub fn write(&self, numbers: &[T]) -> Result<()> {
        if numbers.len() > self.len {
            return Err(crate::Error::ArrayLength { expected: self.len, got: numbers.len() });
        }
        self.gpu.bind()?;
        // SAFETY: there is room for all of them, and they stay where they are until the copy is done.
        unsafe { self.gpu.copy_up(self.at.address, numbers)? };
        self.gpu.synchronize()
    }

    /// All of it, after what was launched before.
    ///
    /// # Errors
    /// What went wrong there.
    pub fn download(&self) -> Result<Vec<T>> {
        self.gpu.bind()?;
        let mut numbers = vec![T::default(); self.len];
        // SAFETY: there is room for all of them, and they stay where they are until the copy is done.
        unsafe { self.gpu.copy_down(&mut numbers, self.at.address)? };
        self.gpu.synchronize()?;
        Ok(numbers)
    }
}

impl<T> Buffer<T> {
    /// Bytes of so many numbers; nothing has no address.
    fn bytes(len: usize) -> usize {
        len.max(1) * size_of::<T>()
    }

    /// Sets numbers to zero; may be captured.
    ///
    /// # Errors
    /// Numbers that are not there.
    pub fn zero(&self, range: Range<usize>) -> Result<()> {
        if range.end > self.len || range.start > range.end {
            return Err(crate::Error::ArrayLength { expected: self.len, got: range.end });
        }
        // SAFETY: the memory is this buffer's.
        unsafe { self.gpu.fill(self.at.plus(range.start).address, 0, range.len() * size_of::<T>()) }
    }
}

impl<T> Drop for Buffer<T> {
    fn drop(&mut self) {
        // A device that does not answer any more has nothing left to give back.
        if self.gpu.bind().is_ok() {
            match self.gpu.backend() {
                // SAFETY: taken once by `zeros`; it is given back after what uses it on the stream.
                Backend::Device(device) => {
                    let _ = unsafe { result::free_async(self.at.address, device.stream().cu_stream()) };
                }
                Backend::Emulated(_) => emulator::give_back(self.at.address, Self::bytes(self.len)),
            }
        }
    }
}
