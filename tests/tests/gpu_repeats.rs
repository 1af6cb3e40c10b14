//! A hundred training steps on the GPU, twice: the same bits.

use std::collections::BTreeSet;

use tensor::Device;
use tests::{devices, small};

/// The bits of the loss of every step and of all parameters after the last.
fn run(device: &Device) -> (Vec<u64>, Vec<u32>) {
    let settings = small::settings("simsiam", &["batch=8", "image_size=16"]);
    let trained = small::train(device, &settings, None, 100);
    let parameters = trained.method.parameters().into_iter();
    let last = parameters.flat_map(|(_, p)| p.var().value().to_vec::<f32>()).map(f32::to_bits);
    (trained.losses.iter().map(|loss| loss.to_bits()).collect(), last.collect())
}

#[test]
fn a_hundred_steps_repeat_their_bits() {
    let Some(device) = devices::gpu("gpu_repeats") else { return };
    let [first, second] = [(); 2].map(|()| run(&device));
    let different: BTreeSet<_> = first.0.iter().collect();
    assert!(different.len() > 50, "{} losses differ: nothing moves", different.len());
    assert_eq!(first.0, second.0, "losses");
    assert!(first.1 == second.1, "parameters after the last step");
}
