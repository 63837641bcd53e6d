//! One value and gradient of an EPL + shear + Sersic posterior on 256 x 256 pixels, alone and eight lanes in a call.

use arclet::bench_model::sersic;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn value_and_gradient(c: &mut Criterion) {
    let Ok(model) = sersic() else { return };
    let mut group = c.benchmark_group("sersic value and gradient");
    for lanes in [1, 8] {
        let mut calls = model.calls(lanes);
        if calls.warm_up().is_err() {
            return;
        }
        group.throughput(Throughput::Elements(lanes as u64));
        group.bench_function(format!("{lanes} lanes"), |b| b.iter(|| calls.evaluate().map(|(logp, _)| logp[0])));
    }
    group.finish();
}

criterion_group!(benches, value_and_gradient);
criterion_main!(benches);
