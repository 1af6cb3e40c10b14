//! Single operations on the processor, at the networks' sizes: `cargo bench -p stopgrad-tests`.

use criterion::{Criterion, criterion_group, criterion_main};
use methods::bench;
use tensor::Device;

/// What `stopgrad bench ops` times, each by Criterion.
fn operations(criterion: &mut Criterion) {
    tensor::lead_from_this_thread();
    for mut work in bench::find("ops", &Device::cpu()).expect("`ops` is known") {
        let name = work.name.clone();
        criterion.bench_function(&name, |bencher| bencher.iter(|| work.once()));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = operations
}
criterion_main!(benches);
