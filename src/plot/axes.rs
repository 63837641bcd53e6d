//! axes: a frame on the page with data coordinates, round ticks and labels.

use super::canvas::{Canvas, Rect, Stroke};
use super::number::{exponent, fixed, power_of_ten};
use super::text::{Anchor, INK, Text};

/// A rectangle of the page that shows the data range `x` by `y`, y up.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub rect: Rect,
    pub x: [f64; 2],
    pub y: [f64; 2],
}

impl Frame {
    /// Where a point of the data lies on the page.
    pub fn page(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let along = |v: f64, [lo, hi]: [f64; 2]| (v - lo) / (hi - lo);
        [self.rect.x + self.rect.width * along(x, self.x), self.rect.bottom() - self.rect.height * along(y, self.y)]
    }

    /// Where a line of the data lies on the page.
    pub fn line(&self, points: &[[f64; 2]]) -> Vec<[f64; 2]> {
        points.iter().map(|p| self.page(*p)).collect()
    }

    /// Draws the box, ticks on its lower and left edge and their numbers.
    pub fn draw(&self, canvas: &mut Canvas, size: f64) {
        self.draw_below(canvas, size);
        let y = nice_ticks(self.y[0], self.y[1], 5);
        for (v, label) in y.iter().zip(tick_labels(&y)) {
            let [_, at] = self.page([self.x[0], *v]);
            canvas.polyline(&[[self.rect.x - 4.0, at], [self.rect.x, at]], Stroke::new(INK, 0.9));
            canvas.text(&Text::new(self.rect.x - 6.0, at + 0.36 * size, size, &label).anchor(Anchor::End));
        }
    }

    /// Draws the box, ticks on its lower edge and their numbers.
    pub fn draw_below(&self, canvas: &mut Canvas, size: f64) {
        canvas.outline(self.rect, Stroke::new(INK, 0.9));
        let x = nice_ticks(self.x[0], self.x[1], 5);
        for (v, label) in x.iter().zip(tick_labels(&x)) {
            let [at, _] = self.page([*v, self.y[0]]);
            let bottom = self.rect.bottom();
            canvas.polyline(&[[at, bottom], [at, bottom + 4.0]], Stroke::new(INK, 0.9));
            canvas.text(&Text::new(at, bottom + 5.0 + size, size, &label).middle());
        }
    }
}

/// Round numbers in [lo, hi], steps of 1, 2 or 5 times a power of ten, at most `most` of them, or a few more where else there
/// would be fewer than two.
pub fn nice_ticks(lo: f64, hi: f64, most: usize) -> Vec<f64> {
    let span = hi - lo;
    if !(span.is_finite() && span > 0.0) {
        return vec![lo];
    }
    let finest = exponent(span) - 2;
    let mut denser = vec![lo];
    for power in finest..finest + 5 {
        for mantissa in [1.0, 2.0, 5.0] {
            let step = mantissa * 10f64.powi(power);
            // A tick that rounding puts just outside still counts.
            let (first, last) = ((lo / step - 1e-6).ceil(), (hi / step + 1e-6).floor());
            let count = (last - first + 1.0).max(0.0) as usize;
            if count < 2 {
                return denser;
            }
            denser = (0..count).map(|k| (first + k as f64) * step).collect();
            if count <= most {
                return denser;
            }
        }
    }
    denser
}

/// One text per tick, all with the same decimals; powers of ten where there would be too many digits.
pub fn tick_labels(ticks: &[f64]) -> Vec<String> {
    let largest = ticks.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let step = ticks.windows(2).map(|w| (w[1] - w[0]).abs()).fold(f64::INFINITY, f64::min);
    let step = if step.is_finite() { step } else { largest };
    let power = exponent(largest);
    if power >= 5 || (power <= -4 && largest > 0.0) {
        let unit = 10f64.powi(power);
        let decimals = decimals(step / unit);
        let text = |v: &f64| {
            if *v == 0.0 { "0".to_owned() } else { format!("{}×{}", fixed(v / unit, decimals), power_of_ten(power)) }
        };
        return ticks.iter().map(text).collect();
    }
    ticks.iter().map(|v| fixed(*v, decimals(step))).collect()
}

/// The decimals that a round step needs.
pub fn decimals(step: f64) -> usize {
    usize::try_from(-exponent(step)).unwrap_or(0).min(12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_inside_and_few() {
        assert_eq!(tick_labels(&nice_ticks(-5.025, 5.025, 5)), ["−4", "−2", "0", "2", "4"]);
        assert_eq!(tick_labels(&nice_ticks(-1.28, 1.28, 5)), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(tick_labels(&nice_ticks(-5.0, 5.0, 6)), ["−4", "−2", "0", "2", "4"]);
        assert_eq!(tick_labels(&nice_ticks(1e6, 3e6, 3)), ["1×10⁶", "2×10⁶", "3×10⁶"]);
        for (lo, hi) in [(0.1, 0.100_02), (-3e-9, 8e-9), (17.0, 4e7), (-1.0, 1.0)] {
            let ticks = nice_ticks(lo, hi, 4);
            assert!(
                (2..=5).contains(&ticks.len()) && ticks.iter().all(|t| (lo - 1e-12..=hi + 1e-12).contains(t)),
                "{ticks:?}"
            );
        }
    }

    #[test]
    fn a_range_without_width_or_value_has_one_tick_and_no_panic() {
        assert_eq!(nice_ticks(2.0, 2.0, 4), [2.0]);
        assert_eq!(tick_labels(&nice_ticks(f64::NAN, 1.0, 4)).len(), 1);
    }

    #[test]
    fn up_in_the_data_is_up_on_the_page() {
        let frame =
            Frame { rect: Rect { x: 10.0, y: 20.0, width: 100.0, height: 50.0 }, x: [-1.0, 1.0], y: [0.0, 2.0] };
        assert_eq!(frame.page([-1.0, 0.0]), [10.0, 70.0]);
        assert_eq!(frame.page([1.0, 2.0]), [110.0, 20.0]);
    }
}
