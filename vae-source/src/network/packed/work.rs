//! What evaluates a decoder for so many images, in one precision or another.

/// Layers for so many images, with what lies between them.
pub(super) trait Work: Send {
    /// The images `[images][64, 64]` of latent numbers `[images][64]`.
    fn value(&mut self, z: &[f64], images: &mut [f32]);

    /// Adds to the gradient of the latent numbers of the last evaluation, from its images and their cotangents.
    fn vjp(&mut self, images: &[f32], cotangents: &[f32], dz: &mut [f64]);
}

/// Packed layers.
pub(super) trait Pack: Send + Sync {
    /// Buffers for so many images.
    fn work(self: std::sync::Arc<Self>, images: usize) -> Box<dyn Work>;
}
