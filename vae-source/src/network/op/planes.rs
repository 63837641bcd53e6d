//! Planes: images with zeros around them, split into the phases of a stride, so that what meets one kernel pixel lies in rows.

use rayon::prelude::*;

use crate::network::gemm::Scratch;

/// Images as `[image][channel][phase y][phase x][height][width]`.
pub(super) struct Planes {
    pub(super) data: Scratch,
    /// Numbers of one image, of one channel, of one plane, of one row.
    pub(super) image: usize,
    pub(super) channel: usize,
    pub(super) plane: usize,
    pub(super) row: usize,
    stride: usize,
}

impl Planes {
    /// Lays out images `[images][channels][height][width]` with `padding` zeros around each; the stride divides the padded sides.
    pub(super) fn new(images: &[f32], [channels, height, width]: [usize; 3], padding: usize, stride: usize) -> Self {
        let count = images.len() / (channels * height * width);
        let (rows, row) = ((height + 2 * padding) / stride, (width + 2 * padding) / stride);
        let plane = rows * row;
        let channel = plane * stride * stride;
        let mut data = Scratch::any(count * channels * channel);
        let sources = images.par_chunks_exact(height * width);
        data.par_chunks_exact_mut(channel).zip(sources).with_min_len(16).for_each(|(planes, pixels)| {
            planes.fill(0.0);
            for (y, line) in pixels.chunks_exact(width).enumerate().map(|(y, line)| (y + padding, line)) {
                let at = (y % stride * stride) * plane + y / stride * row;
                if stride == 1 {
                    planes[at + padding..at + padding + width].copy_from_slice(line);
                } else if stride == 2 {
                    let (even, odd) = planes[at..].split_at_mut(plane);
                    split(line, padding, even, odd);
                } else {
                    for (x, pixel) in line.iter().enumerate().map(|(x, pixel)| (x + padding, pixel)) {
                        planes[at + x % stride * plane + x / stride] = *pixel;
                    }
                }
            }
        });
        Planes { data, image: channels * channel, channel, plane, row, stride }
    }

    /// Where kernel pixel (y, x) meets the first pixel of the deep image, in a channel.
    pub(super) fn tap(&self, y: usize, x: usize) -> usize {
        let (phase_y, phase_x) = (y % self.stride, x % self.stride);
        (phase_y * self.stride + phase_x) * self.plane + y / self.stride * self.row + x / self.stride
    }
}

/// Every second pixel of a line that begins at column `padding` of the phases.
fn split(line: &[f32], padding: usize, even: &mut [f32], odd: &mut [f32]) {
    let (first, second) = if padding.is_multiple_of(2) { (even, odd) } else { (odd, even) };
    let (first, second) = (&mut first[padding / 2..], &mut second[padding.div_ceil(2)..]);
    let (pairs, last) = line.as_chunks::<2>();
    for ((pair, first), second) in pairs.iter().zip(&mut *first).zip(second) {
        (*first, *second) = (pair[0], pair[1]);
    }
    if let [last] = last {
        first[pairs.len()] = *last;
    }
}
