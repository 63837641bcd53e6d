//! Signal: the number by which the paper tells bright, faint and usable galaxies apart.

use lens_models::fits::Image;

use super::downscale::downscale;

/// max(I_1/4) / `sigma_noise` (section 2.2 of the paper), where I_1/4 is the square image downsampled by 4.
///
/// The paper does not say which image and which sigma. Here `image` is the one already on 64 x 64 pixels, and `sigma_noise` that
/// of a pixel of the catalogue's stamp, before any downscaling. With its cuts (stamps of 64 x 64 pixels or more, 15 to 50) the
/// paper keeps 17,543 of 56,062 galaxies, 31 %. On ten galaxies of the COSMOS 23.5 sample this reading keeps 3, and with the stamp
/// at its full size it would be 5.
pub fn signal(image: &Image, sigma_noise: f64) -> f64 {
    let quarter = downscale(image, (image.width / 4).max(1));
    f64::from(quarter.pixels.iter().copied().fold(f32::NEG_INFINITY, f32::max)) / sigma_noise
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brightest_block_of_four_by_four_counts() {
        let mut image = Image { width: 8, height: 8, pixels: vec![0.0; 64] };
        image.pixels[0] = 12.0;
        // Four pixels of 6 in the last block against one of 12 in the first: 24 / 16 against 12 / 16.
        for i in [36, 45, 54, 63] {
            image.pixels[i] = 6.0;
        }
        assert_eq!(signal(&image, 0.5), 3.0);
    }
}
