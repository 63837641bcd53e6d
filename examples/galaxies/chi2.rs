//! How near an image comes to a galaxy, in units of its noise.

use arclet::source::data::Galaxy;

/// chi^2 a pixel of an image of a galaxy: the mean of ((data - image) / sigma)^2.
pub fn chi2(galaxy: &Galaxy, image: &[f32]) -> f64 {
    let square = |(data, image): (&f32, &f32)| f64::from((data - image) / galaxy.sigma_noise).powi(2);
    galaxy.pixels.iter().zip(image).map(square).sum::<f64>() / image.len() as f64
}

/// The same of no image at all in the corners, outside of the circle that the image holds: what the sky gives if sigma is its noise.
pub fn sky(galaxy: &Galaxy) -> f64 {
    let middle = 0.5 * (galaxy.side as f64 - 1.0);
    let outside = |i: &usize| ((i % galaxy.side) as f64 - middle).hypot((i / galaxy.side) as f64 - middle) > middle;
    let corners: Vec<usize> = (0..galaxy.pixels.len()).filter(outside).collect();
    let square = |i: &usize| f64::from(galaxy.pixels[*i] / galaxy.sigma_noise).powi(2);
    corners.iter().map(square).sum::<f64>() / corners.len() as f64
}
