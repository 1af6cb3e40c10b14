//! Named pieces of work whose time and memory can be compared: with another machine, another
//! library, another day.

mod counts;
mod host;
mod loading;
mod operations;
mod profile;
mod steps;

use std::convert::Infallible;
use std::time::Instant;

use serde::Serialize;
use tensor::{Device, Tensor};

use crate::memory;
use host::Watch;

pub use counts::Counts;
pub use host::Host;
pub use loading::measure_loader;
pub use profile::{Line, profile, table};
pub use steps::training_step;

/// Names of work, and what each stands for.
pub const WORKS: &[(&str, &str)] = &[
    ("simsiam-resnet18", "a training step: ResNet-18 on 32×32, batch 64, two views, SGD"),
    ("simsiam-resnet18-b512", "the same at batch 512, which a large GPU needs to be busy"),
    ("moco-v3-vit-tiny", "a training step: ViT-Tiny/4 on 32×32, batch 64, two views, AdamW, EMA"),
    ("ops", "single operations, forward and with their derivatives"),
];

/// A piece of work, ready to be repeated.
pub struct Work {
    /// What is repeated.
    pub name: String,
    /// Images that one repetition takes in; 0 where it is not about images.
    pub images: usize,
    run: Box<dyn FnMut() -> Tensor>,
}

impl Work {
    fn new(name: &str, images: usize, run: impl FnMut() -> Tensor + 'static) -> Self {
        Work { name: name.to_owned(), images, run: Box::new(run) }
    }

    /// Does the work once, to its end: on a GPU too.
    pub fn once(&mut self) {
        end(&(self.run)());
    }
}

/// Waits for a result: reading one number waits for all that came before it.
fn end(result: &Tensor) {
    let first = result.reshape([result.shape().elements()]).slice(0, 0, 1);
    std::hint::black_box(first.item());
}

/// How work is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Repetitions that do not count.
    pub warm_ups: usize,
    /// Repetitions that count.
    pub repeats: usize,
}

/// What a piece of work costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Its name.
    pub work: String,
    /// The device's name.
    pub device: String,
    /// The median time of one repetition.
    pub seconds: f64,
    /// The shortest and the longest.
    pub range: [f64; 2],
    /// Images through the network in a second; each counts once, however many views it has.
    pub images_per_second: Option<f64>,
    /// The most memory that the process has held in RAM during the work, where the system tells.
    pub peak_bytes: Option<u64>,
    /// On a GPU, what it costs the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
}

/// The pieces of work of a name, on a device; `None` where there is no such name. Each is made
/// when its turn comes.
pub fn find(name: &str, device: &Device) -> Option<Box<dyn Iterator<Item = Work>>> {
    let simsiam = |batch| steps::simsiam_resnet18(name, batch, device);
    match name {
        "simsiam-resnet18" => Some(Box::new(std::iter::once(simsiam(64)))),
        "simsiam-resnet18-b512" => Some(Box::new(std::iter::once(simsiam(512)))),
        "moco-v3-vit-tiny" => Some(Box::new(std::iter::once(steps::moco_v3_vit_tiny(device)))),
        "ops" => Some(Box::new(operations::all(device))),
        _ => None,
    }
}

/// Times a piece of work.
pub fn measure(work: &mut Work, device: &Device, effort: Effort) -> Measured {
    let (name, images) = (work.name.clone(), work.images);
    let mut watch = Watch::default();
    let once = || -> Result<(), Infallible> {
        end(&watch.run(device, &mut *work.run));
        Ok(())
    };
    let Ok(measured) = timed(name, images, device, effort, once);
    Measured { host: watch.told(effort.warm_ups), ..measured }
}

/// Times what `once` does, until it fails.
fn timed<E>(
    work: String,
    images: usize,
    device: &Device,
    effort: Effort,
    mut once: impl FnMut() -> Result<(), E>,
) -> Result<Measured, E> {
    memory::forget_peak();
    for _ in 0..effort.warm_ups {
        once()?;
    }
    let mut times = Vec::new();
    for _ in 0..effort.repeats.max(1) {
        let start = Instant::now();
        once()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let seconds = median(&times);
    Ok(Measured {
        work,
        device: device.name().to_owned(),
        seconds,
        range: [times[0], times[times.len() - 1]],
        images_per_second: (images > 0).then(|| images as f64 / seconds),
        peak_bytes: memory::peak(),
        host: None,
    })
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => (sorted[middle - 1] + sorted[middle]) / 2.0,
        _ => sorted[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_and_no_other() {
        for (name, _) in WORKS {
            assert!(find(name, &Device::cpu()).is_some(), "{name}");
        }
        assert!(find("resnet", &Device::cpu()).is_none());
    }

    #[test]
    fn the_median_stands_in_the_middle() {
        assert_eq!((median(&[1.0, 2.0, 9.0]), median(&[1.0, 2.0, 4.0, 9.0])), (2.0, 3.0));
    }

    #[test]
    fn work_is_timed() {
        let device = Device::cpu();
        let mut work = Work::new("nothing", 3, move || Tensor::scalar(&device, 1.0));
        let found = measure(&mut work, &Device::cpu(), Effort { warm_ups: 0, repeats: 3 });
        assert!(found.range[0] <= found.seconds && found.seconds <= found.range[1]);
        assert!(found.images_per_second.is_some_and(|speed| speed > 0.0));
    }
}
