//! How pixels are split over threads: in chunks of one size, so that every sum has one value for any number of threads.

use std::ops::Range;

use rayon::prelude::*;

/// Points of one task: few enough for the caches, enough to pay for a task.
const CHUNK: usize = 4096;

/// Calls `f` with the range of every chunk of `n` points, and the same chunk of each plane of `planes` (`[P, n]`).
pub(super) fn each_chunk<const P: usize>(
    planes: &mut [f32],
    n: usize,
    f: impl Fn(Range<usize>, [&mut [f32]; P]) + Sync + Send,
) {
    each_chunk_with(planes, &mut [], n, 0, |range, planes, _| f(range, planes));
}

/// The same, each chunk with `width` sums of its own, which are then added up in the order of the chunks into the first ones.
///
/// `room` has `width` sums for each chunk ([`room`]), zero at the start.
pub(super) fn sum_chunks<const P: usize>(
    planes: &mut [f32],
    room: &mut [f64],
    n: usize,
    width: usize,
    f: impl Fn(Range<usize>, [&mut [f32]; P], &mut [f64]) + Sync + Send,
) {
    each_chunk_with(planes, room, n, width, f);
    let (first, rest) = room.split_at_mut(width.min(room.len()));
    for chunk in rest.chunks_exact(width.max(1)) {
        first.iter_mut().zip(chunk).for_each(|(sum, term)| *sum += term);
    }
}

/// How many sums [`sum_chunks`] needs room for.
pub(super) fn room(n: usize, width: usize) -> usize {
    n.div_ceil(CHUNK).max(1) * width
}

fn each_chunk_with<const P: usize>(
    planes: &mut [f32],
    room: &mut [f64],
    n: usize,
    width: usize,
    f: impl Fn(Range<usize>, [&mut [f32]; P], &mut [f64]) + Sync + Send,
) {
    let chunks = n.div_ceil(CHUNK);
    let mut planes = planes.chunks_exact_mut(n.max(1));
    let mut planes: [&mut [f32]; P] = std::array::from_fn(|_| planes.next().unwrap_or_default());
    halve(0..chunks, n, planes.each_mut().map(|p| &mut **p), room, width, &f);
}

/// Splits a range of chunks in two until one is left: rayon's `join` keeps its tasks on the stack, so nothing is allocated.
fn halve<const P: usize>(
    chunks: Range<usize>,
    n: usize,
    planes: [&mut [f32]; P],
    room: &mut [f64],
    width: usize,
    f: &(impl Fn(Range<usize>, [&mut [f32]; P], &mut [f64]) + Sync + Send),
) {
    if chunks.len() <= 1 {
        let range = chunks.start * CHUNK..(chunks.end * CHUNK).min(n);
        return f(range, planes, room);
    }
    let middle = chunks.start + chunks.len() / 2;
    let points = (middle - chunks.start) * CHUNK;
    let mut halves = planes.map(|plane| {
        let at = points.min(plane.len());
        let (left, right) = plane.split_at_mut(at);
        [Some(left), Some(right)]
    });
    let left: [&mut [f32]; P] = halves.each_mut().map(|h| h[0].take().unwrap_or_default());
    let right: [&mut [f32]; P] = halves.each_mut().map(|h| h[1].take().unwrap_or_default());
    let (left_room, right_room) = room.split_at_mut(((middle - chunks.start) * width).min(room.len()));
    rayon::join(
        || halve(chunks.start..middle, n, left, left_room, width, f),
        || halve(middle..chunks.end, n, right, right_room, width, f),
    );
}

/// Calls `f` for every lane: at the same time where there are several, with whether it may use threads of its own.
pub(super) fn each_lane<A: Send, B: Send>(
    outs: impl IndexedParallelIterator<Item = A>,
    ins: impl IndexedParallelIterator<Item = B>,
    f: impl Fn(A, B, bool) + Sync + Send,
) {
    let alone = outs.len() == 1;
    outs.zip(ins).for_each(|(out, input)| f(out, input, alone));
}
