//! Spiral: the angle unwound along a logarithmic spiral.

/// phi - ln(r) / tan(pitch): constant along a spiral of that pitch; r in half-light radii.
#[must_use]
pub fn phase(r: f64, phi: f64, tan_pitch: f64) -> f64 {
    phi - r.max(1e-3).ln() / tan_pitch
}
