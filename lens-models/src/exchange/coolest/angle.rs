//! Angles: axis ratio and position angle in degrees from +y, and the two components that profiles have.

/// e1 and e2 of an axis ratio and an angle.
pub(super) fn ellipticity(q: f64, phi: f64) -> [f64; 2] {
    polar((1.0 - q) / (1.0 + q), phi)
}

/// q and phi of e1 and e2; an angle of 0 where it is round.
pub(super) fn axis_ratio([e1, e2]: [f64; 2]) -> [f64; 2] {
    let [size, phi] = strength([e1, e2]);
    [(1.0 - size) / (1.0 + size), phi]
}

/// The components of a size and an angle, such as gamma1 and gamma2.
pub(super) fn polar(size: f64, phi: f64) -> [f64; 2] {
    let (sin, cos) = (2.0 * radians(phi)).sin_cos();
    [size * cos, size * sin]
}

/// Size and angle of two components.
pub(super) fn strength([a, b]: [f64; 2]) -> [f64; 2] {
    let size = a.hypot(b);
    [size, if size > 0.0 { degrees(0.5 * b.atan2(a)) } else { 0.0 }]
}

/// Radians from +x of degrees from +y.
fn radians(phi: f64) -> f64 {
    (phi + 90.0).to_radians()
}

/// Degrees from +y, within (-90, 90], of radians from +x.
pub(super) fn degrees(phi: f64) -> f64 {
    let phi = phi.to_degrees() - 90.0;
    // (-90, 90] from any.
    phi - 180.0 * ((phi - 90.0) / 180.0).ceil()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_run_from_the_y_axis_to_the_left() {
        // A major axis along y is at 0 degrees; one along x at 90.
        let [e1, e2] = ellipticity(0.5, 0.0);
        assert!((e1 + 1.0 / 3.0).abs() < 1e-15 && e2.abs() < 1e-15);
        assert_eq!(degrees(0.0), 90.0);
        // From +y to the left: north-east, where x grows to the west.
        assert!((degrees(0.75 * std::f64::consts::PI) - 45.0).abs() < 1e-12);
    }

    #[test]
    fn an_ellipticity_comes_back_from_its_angle() {
        for (q, phi) in [(0.4, 90.0), (0.9, -89.0), (0.7, 12.5), (0.99, 45.0)] {
            let [q2, phi2] = axis_ratio(ellipticity(q, phi));
            assert!((q - q2).abs() < 1e-14 && (phi - phi2).abs() < 1e-11, "{q} {phi}: {q2} {phi2}");
        }
        assert_eq!(axis_ratio([0.0, 0.0]), [1.0, 0.0]);
    }
}
