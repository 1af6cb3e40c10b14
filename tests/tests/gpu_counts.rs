//! What a training step asks of a GPU, in numbers: without an adapter, and within the limits that
//! every GPU has, so that they are the same everywhere. Counters belong to the process, so this
//! program has one test only.

use std::process::Command;

use methods::bench::{Counts, Effort, measure, training_step};
use tensor::Device;
use tests::small;

const MODE: &str = "noop,portable";

#[test]
fn a_step_in_its_stride_launches_kernels_and_nothing_else() {
    if std::env::var("STOPGRAD_GPU").as_deref() != Ok(MODE) {
        let this = std::env::current_exe().expect("a test knows its program");
        let run = Command::new(this).arg("--nocapture").env("STOPGRAD_GPU", MODE).output();
        let run = run.expect("a test can start itself");
        let text = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && text.contains("1 passed"), "{text}");
        return print!("{text}");
    }
    let device = Device::gpu().expect("no driver is needed");
    // More than these, and somebody has put a launch into a layer or an update.
    for (method, encoder, kernels) in
        [("simsiam", "encoder=resnet18-cifar", 942), ("moco-v3", "encoder=vit-tiny-p4", 2663)]
    {
        let settings = small::settings(method, &["batch=2", "image_size=16", encoder]);
        let mut work = training_step(method, &settings, &device).expect("the encoder exists");
        // The parameters' buffers change places for some steps before they come round again.
        let measured = measure(&mut work, &device, Effort { warm_ups: 40, repeats: 1 });
        let counts = measured.host.expect("a GPU counts").counts;
        println!("gpu_counts: {method}: {counts:?}");
        let Counts { pipelines_created, buffers_created, groups_created, readbacks, .. } = counts;
        assert_eq!([pipelines_created, buffers_created, readbacks], [0; 3], "{method}");
        assert!(groups_created <= counts.kernels / 50, "{method}: {groups_created} groups");
        assert!(counts.kernels <= kernels, "{method}: {} kernels", counts.kernels);
        assert!(
            counts.submits <= 1 + counts.kernels / 100,
            "{method}: {} hand-overs",
            counts.submits
        );
    }
}
