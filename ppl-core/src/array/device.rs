//! Devices: where the pixels of an array live. A device is a value, not a type.

/// A place for pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Device {
    /// The host, with SIMD and threads.
    #[default]
    Cpu,
}
