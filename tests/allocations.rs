//! An evaluation of a planned model allocates nothing: counted by the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use arclet::bench_model::{BenchModel, decoder, schools, sersic};

struct Counting;

thread_local! {
    /// Of this thread: the harness of the tests allocates on its own when it pleases.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that ends has no count any more, and none that anybody reads.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes to the system's allocator as it came.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of so many evaluations, once the buffers are there. On one thread of a pool of its own, so that the queues of
/// rayon are not counted.
fn allocations<E: std::fmt::Debug>(make: fn() -> Result<BenchModel, E>, lanes: usize, times: usize) -> u64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        let model = make().unwrap();
        let mut calls = model.calls(lanes);
        calls.warm_up().unwrap();
        for _ in 0..times.div_ceil(5) {
            calls.evaluate().unwrap();
        }
        let before = COUNT.get();
        for _ in 0..times {
            calls.evaluate().unwrap();
        }
        COUNT.get() - before
    })
}

#[test]
fn an_evaluation_of_a_plan_allocates_nothing() {
    for lanes in [1, 4, 64] {
        assert_eq!(allocations(schools, lanes, 100), 0, "schools, {lanes} lanes");
    }
    for lanes in [1, 3] {
        assert_eq!(allocations(sersic, lanes, 100), 0, "sersic, {lanes} lanes");
        assert_eq!(allocations(decoder, lanes, 10), 0, "decoder, {lanes} lanes");
    }
}
