//! Augmentation: a galaxy looks as likely turned and mirrored.

/// One of the eight ways to lay a square image on itself: transposed, then mirrored along y, then along x, as the bits of `how`
/// say. Pixels stay pixels, so that noise stays what it is.
pub(super) fn turned(pixels: &[f32], side: usize, how: u8, out: &mut [f32]) {
    let flip = |i: usize, bit: u8| if how & bit == 0 { i } else { side - 1 - i };
    for (y, row) in out.chunks_exact_mut(side).enumerate() {
        let y = flip(y, 2);
        for (x, pixel) in row.iter_mut().enumerate() {
            let x = flip(x, 1);
            *pixel = if how & 4 == 0 { pixels[y * side + x] } else { pixels[x * side + y] };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eight_ways_differ_and_each_holds_every_pixel() {
        let image: Vec<f32> = (0..9).map(|i| i as f32).collect();
        let mut seen = vec![];
        for how in 0..8 {
            let mut out = vec![0.0; 9];
            turned(&image, 3, how, &mut out);
            let mut sorted = out.clone();
            sorted.sort_by(f32::total_cmp);
            assert_eq!(sorted, image);
            assert_eq!(out[4], 4.0);
            assert!(!seen.contains(&out));
            seen.push(out);
        }
    }
}
