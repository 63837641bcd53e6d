//! Numbers as sums of two bfloat16, channels of a block side by side; and what the activation does to them on the way.

use multiversion::multiversion;

use super::super::activation::{rounded, slope};
use super::tile::{CHANNELS, Pixel, SIDE};

/// Sixteen pixels of a block.
pub(super) type Pixels = [Pixel; SIDE];
/// Sums of sixteen pixels.
pub(super) type Rows = [[f32; CHANNELS]; SIDE];

/// The bits of the bfloat16 nearest to a number, and of the one nearest to what is left; a NaN as arithmetic makes it stays one.
#[inline(always)]
fn halves(x: f32) -> [u32; 2] {
    let nearest = |x: f32| x.to_bits().wrapping_add(0x8000) & 0xffff_0000;
    let high = nearest(x);
    [high, nearest(x - f32::from_bits(high))]
}

/// Two lines, of the high parts and of the low ones, from what belongs into the lower and the upper halves of their words.
#[inline(always)]
pub(super) fn lines(lower: &[f32; SIDE], upper: &[f32; SIDE]) -> [[u32; SIDE]; 2] {
    let mut lines = [[0; SIDE]; 2];
    for c in 0..SIDE {
        let ([a, left], [b, over]) = (halves(lower[c]), halves(upper[c]));
        lines[0][c] = a >> 16 | b;
        lines[1][c] = left >> 16 | over;
    }
    lines
}

/// The channels of a pixel.
#[inline(always)]
pub(super) fn pixel(channels: &[f32; CHANNELS]) -> Pixel {
    let (lower, upper) = channels.split_at(SIDE);
    let mut both = [[0.0; SIDE]; 2];
    both[0].copy_from_slice(lower);
    both[1].copy_from_slice(upper);
    Pixel(lines(&both[0], &both[1]))
}

/// The numbers that a pixel holds.
#[inline(always)]
fn numbers(Pixel([high, low]): &Pixel) -> [f32; CHANNELS] {
    let mut numbers = [0.0; CHANNELS];
    let (lower, upper) = numbers.split_at_mut(SIDE);
    for c in 0..SIDE {
        lower[c] = f32::from_bits(high[c] << 16) + f32::from_bits(low[c] << 16);
        upper[c] = f32::from_bits(high[c] & 0xffff_0000) + f32::from_bits(low[c] & 0xffff_0000);
    }
    numbers
}

/// The activation of sums and a shift.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn activated(sums: &Rows, shift: &[f32; CHANNELS], to: &mut Pixels) {
    for (sums, to) in sums.iter().zip(to) {
        let mut channels = [0.0; CHANNELS];
        for c in 0..CHANNELS {
            channels[c] = rounded(sums[c] + shift[c]);
        }
        *to = pixel(&channels);
    }
}

/// A gradient behind the activation as one before it, in place: times the slope there.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn sloped(gradient: &mut Rows, activation: &Pixels) {
    for (gradient, activation) in gradient.iter_mut().zip(activation) {
        let y = numbers(activation);
        for c in 0..CHANNELS {
            gradient[c] *= slope(y[c]);
        }
    }
}

/// Rows as pixels.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn pixels(rows: &Rows, to: &mut Pixels) {
    rows.iter().zip(to).for_each(|(row, to)| *to = pixel(row));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_halves_hold_seventeen_bits_of_a_number() {
        for i in 0..4000 {
            let x = (f32::from(i as u16) * 0.37).sin() * (f32::from(i as u16) * 0.01 - 20.0).exp();
            let channels = std::array::from_fn(|c| x * (1.0 + c as f32));
            for (held, x) in numbers(&pixel(&channels)).iter().zip(channels) {
                assert!((held - x).abs() <= x.abs() / 131_072.0, "{x} as {held}");
            }
        }
        assert!(numbers(&pixel(&[f32::NAN; CHANNELS])).iter().all(|x| x.is_nan()));
    }
}
