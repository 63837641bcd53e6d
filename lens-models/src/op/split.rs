//! How pixels are split over threads: in chunks of one size, so that every sum has one value for any number of threads.

use std::ops::Range;

use rayon::prelude::*;

/// Points of one task: few enough for the caches, enough to pay for a task.
const CHUNK: usize = 4096;

/// Calls `f` for every chunk of `n` points of every lane; the results lane by lane, in the order of the chunks.
pub(super) fn map_chunks<R: Send>(
    lanes: usize,
    n: usize,
    f: impl Fn(usize, Range<usize>) -> R + Sync + Send,
) -> Vec<Vec<R>> {
    let tasks = (0..lanes).flat_map(|lane| ranges(n).map(move |range| (lane, range))).collect();
    by_lane(lanes, run(tasks, |(lane, range)| f(lane, range)))
}

/// The same over an array `[lanes, P, n]`, with the chunk of each of its `P` planes to write to.
pub(super) fn map_planes<const P: usize, R: Send>(
    array: &mut [f32],
    n: usize,
    f: impl Fn(usize, Range<usize>, [&mut [f32]; P]) -> R + Sync + Send,
) -> Vec<Vec<R>> {
    let lanes = array.len() / (P * n).max(1);
    let mut tasks = Vec::with_capacity(lanes * n.div_ceil(CHUNK));
    for (lane, planes) in array.chunks_exact_mut((P * n).max(1)).enumerate() {
        let mut planes = planes.chunks_exact_mut(n);
        let mut planes: [_; P] = std::array::from_fn(|_| planes.next().unwrap_or_default().chunks_mut(CHUNK));
        tasks.extend(ranges(n).map(|range| (lane, range, planes.each_mut().map(|p| p.next().unwrap_or_default()))));
    }
    by_lane(lanes, run(tasks, |(lane, range, planes)| f(lane, range, planes)))
}

fn ranges(n: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n).step_by(CHUNK).map(move |start| start..(start + CHUNK).min(n))
}

fn run<T: Send, R: Send>(tasks: Vec<T>, f: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    if tasks.len() > 1 { tasks.into_par_iter().map(f).collect() } else { tasks.into_iter().map(f).collect() }
}

fn by_lane<R>(lanes: usize, results: Vec<R>) -> Vec<Vec<R>> {
    let per_lane = results.len() / lanes.max(1);
    let mut results = results.into_iter();
    (0..lanes).map(|_| results.by_ref().take(per_lane).collect()).collect()
}
