//! The window: what tapers a field to dark at the border of its grid.

/// Standard deviations of the window in the half width of a grid.
const SIGMAS: f64 = 3.0;

/// w = exp(-9 (u^2 + v^2) / 2) (1 - u^8) (1 - v^8) at the centres of the pixels of a grid, u and v from -1 to 1 between its borders: what
/// lies three standard deviations out is dark, and the grid ends where there is nothing any more.
///
/// The field has a variance of w^2. A stationary one would pay for every patch of the grid that data show to be dark, and so prefer the
/// lens that makes the source fill it; under a window as wide as the source there is no dark patch to pay for, and with the width of the
/// grid free, a source twice as large on a grid twice as wide is as likely a draw.
pub(super) fn window(side: usize) -> Vec<f64> {
    let along = |k: usize| {
        let u = (2.0 * k as f64 + 1.0) / side as f64 - 1.0;
        (-0.5 * (SIGMAS * u).powi(2)).exp() * (1.0 - u.powi(8))
    };
    let line: Vec<f64> = (0..side).map(along).collect();
    line.iter().flat_map(|y| line.iter().map(move |x| x * y)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_in_the_middle_and_dark_at_the_border() {
        let side = 51;
        let window = window(side);
        assert!((window[25 * side + 25] - 1.0).abs() < 1e-15);
        // One standard deviation is a third of the half width: 8.5 pixels.
        let at = |k: usize| (2.0 * k as f64 + 1.0) / 51.0 - 1.0;
        let expected = (-4.5 * at(34).powi(2)).exp() * (1.0 - at(34).powi(8));
        assert!((window[25 * side + 34] - expected).abs() < 1e-15);
        assert!(window[..side].iter().all(|w| *w < 2e-3), "{:?}", &window[..side]);
    }
}
