//! Crop: the central square of an image.

use lens_models::fits::Image;

/// The largest square about the centre, which is pixel n / 2 (rounded down) of n as GalSim's `Bounds.center` has it, before and
/// after.
pub fn central_square(image: &Image) -> Image {
    let side = image.width.min(image.height);
    let (x0, y0) = (image.width / 2 - side / 2, image.height / 2 - side / 2);
    let rows = image.pixels.chunks_exact(image.width.max(1)).skip(y0).take(side);
    Image { width: side, height: side, pixels: rows.flat_map(|row| &row[x0..x0 + side]).copied().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pixel (x, y) has the value 100 y + x.
    fn numbered(width: usize, height: usize) -> Image {
        let pixels = (0..width * height).map(|i| (i / width * 100 + i % width) as f32).collect();
        Image { width, height, pixels }
    }

    #[test]
    fn both_orientations_are_cut_about_the_centre() {
        assert_eq!(central_square(&numbered(4, 2)).pixels, [1.0, 2.0, 101.0, 102.0]);
        assert_eq!(central_square(&numbered(2, 5)).pixels, [100.0, 101.0, 200.0, 201.0]);
        assert_eq!(central_square(&numbered(3, 2)).pixels, [0.0, 1.0, 100.0, 101.0]);
        assert_eq!(central_square(&numbered(4, 3)).pixels[..4], [1.0, 2.0, 3.0, 101.0]);
    }

    #[test]
    fn a_square_stays_and_an_empty_image_is_empty() {
        assert_eq!(central_square(&numbered(7, 7)), numbered(7, 7));
        assert_eq!(central_square(&numbered(0, 3)).size(), (0, 0));
    }
}
