//! The window: what tapers a field to dark at the border of its grid.

/// Standard deviations of a window of width one in the half width of a grid.
pub(super) const SIGMAS: f64 = 3.0;

/// w = exp(-(p^2 + q^2) / 2) (1 - u^8) (1 - v^8), p = 3 (u - 2 offset_x) / width, q = 3 (v - 2 offset_y) / width at the centres of the pixels
/// of a grid, u and v from -1 to 1 between its borders; offsets are in widths of the grid.
///
/// The field has a variance of w^2. A stationary one would pay for every patch of the grid that data show to be dark, and so prefer the
/// lens that makes the source fill it; under a window as wide as the source there is no dark patch to pay for, and with its width free, a
/// source twice as large under a window twice as wide is as likely a draw.
#[derive(Clone, Default)]
pub(super) struct Window {
    of: [f64; 3],
    /// Along x and along y: the factor of each column and row, and p or q.
    lines: [(Vec<f64>, Vec<f64>); 2],
}

impl Window {
    /// The window of `[width, offset_x, offset_y]` on a grid.
    pub fn new(side: usize, of: [f64; 3]) -> Self {
        let mut window = Window::default();
        window.set(side, of);
        window
    }

    /// The same in place.
    pub fn set(&mut self, side: usize, of: [f64; 3]) {
        if self.of == of && self.lines[0].0.len() == side {
            return;
        }
        self.of = of;
        let [width, ..] = of;
        for ((factor, place), offset) in self.lines.iter_mut().zip(&of[1..]) {
            factor.clear();
            place.clear();
            for k in 0..side {
                let u = (2.0 * k as f64 + 1.0) / side as f64 - 1.0;
                let p = SIGMAS * (u - 2.0 * offset) / width;
                factor.push((-0.5 * p * p).exp() * (1.0 - u.powi(8)));
                place.push(p);
            }
        }
    }

    /// The factor of each pixel, row by row.
    pub fn factors(&self) -> impl Iterator<Item = f64> {
        let [(x, _), (y, _)] = &self.lines;
        y.iter().flat_map(move |y| x.iter().map(move |x| x * y))
    }

    /// The derivatives of the logarithm of each factor by width and offsets.
    pub fn slopes(&self) -> impl Iterator<Item = [f64; 3]> {
        let [(_, p), (_, q)] = &self.lines;
        let width = self.of[0];
        let by = move |p: f64, q: f64| [(p * p + q * q) / width, 2.0 * SIGMAS * p / width, 2.0 * SIGMAS * q / width];
        q.iter().flat_map(move |q| p.iter().map(move |p| by(*p, *q)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_in_the_middle_and_dark_at_the_border() {
        let side = 51;
        let window: Vec<f64> = Window::new(side, [1.0, 0.0, 0.0]).factors().collect();
        assert!((window[25 * side + 25] - 1.0).abs() < 1e-15);
        // One standard deviation is a third of the half width: 8.5 pixels.
        let u = 2.0 * 34.5 / 51.0 - 1.0_f64;
        let expected = (-4.5 * u * u).exp() * (1.0 - u.powi(8));
        assert!((window[25 * side + 34] - expected).abs() < 1e-15);
        assert!(window[..side].iter().all(|w| *w < 2e-3), "{:?}", &window[..side]);
    }

    #[test]
    fn an_offset_moves_it_and_its_slopes_are_those_of_differences() {
        let (side, of, h) = (8, [0.9, 0.125, -0.05], 1e-6);
        // An eighth of the grid is one pixel.
        let (moved, still) = (Window::new(side, of), Window::new(side, [0.9, 0.0, -0.05]));
        assert!((moved.lines[0].1[4] - still.lines[0].1[3]).abs() < 1e-12);
        for i in 0..3 {
            let at = |h: f64| {
                let mut of = of;
                of[i] += h;
                Window::new(side, of)
            };
            let (up, down) = (at(h), at(-h));
            for ((up, down), by) in up.factors().zip(down.factors()).zip(moved.slopes()) {
                // Rounding of 1e-16 over 2e-6.
                assert!(((up.ln() - down.ln()) / (2.0 * h) - by[i]).abs() < 1e-7 * (1.0 + by[i].abs()));
            }
        }
    }
}
