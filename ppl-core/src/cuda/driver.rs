//! Driver: what its calls say, as errors.

use cudarc::driver::DriverError;

use crate::error::{Error, Result};

/// What a call of the driver says.
pub(super) fn checked<T>(what: &'static str, result: std::result::Result<T, DriverError>) -> Result<T> {
    result.map_err(|error| {
        let text = error.error_string().map_or_else(|_| format!("{error:?}"), |s| s.to_string_lossy().into_owned());
        Error::Cuda { what, text }
    })
}
