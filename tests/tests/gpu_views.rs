//! Views that the GPU makes, in training: they are the processor's, and so is what is learnt.

use std::sync::Arc;

use methods::data::{self, Dataset, Image};
use methods::train::{Batches, Descent, Schedule, ViewDevice, build, step};
use tensor::Device;
use tests::{devices, small};

/// Images of several sizes, the odd ones broken; 600 so that three may be.
struct Mixed(Arc<dyn Dataset>);

impl Dataset for Mixed {
    fn name(&self) -> &str {
        "mixed"
    }

    fn len(&self) -> usize {
        600
    }

    fn image(&self, index: usize) -> Result<Image, data::DataError> {
        if index % 200 == 3 {
            return Err(data::read_picture("no/such/picture.png".as_ref()).unwrap_err());
        }
        let Image { width, pixels, .. } = self.0.image(index)?;
        let rows = 16 + index % 16;
        Ok(Image::new(rows, width, pixels[..rows * width * 3].to_vec()))
    }

    fn label(&self, _index: usize) -> Option<usize> {
        None
    }

    fn classes(&self) -> &[String] {
        &[]
    }
}

/// Which images and which values a run's batches have.
fn batches(device: &Device, maker: ViewDevice, method: &str) -> (Vec<usize>, Vec<f32>, usize) {
    let settings = small::settings(method, &["batch=50"]);
    let shapes = data::open("shapes", 0).expect("shapes need no file").train;
    let views = build(&settings, device).expect("a network").views();
    let at = Schedule { step: 0, steps_per_epoch: 12, epochs: 1, batch: 50, seed: 5 };
    let data = Arc::new(Mixed(shapes));
    let mut batches = Batches::made_by(maker, data, views, settings.run.image_size, device, at);
    let (mut images, mut values) = (Vec::new(), Vec::new());
    while let Some(batch) = batches.next_batch() {
        let batch = batch.expect("three of 600 may be broken");
        images.extend(&batch.images);
        batch.views.iter().for_each(|view| values.extend(view.value().to_vec::<f32>()));
    }
    (images, values, batches.broken())
}

#[test]
fn batches_are_the_processors_and_the_same_every_time() {
    let Some(gpu) = devices::gpu("batches_are_the_processors_and_the_same_every_time") else {
        return;
    };
    let (images, values, broken) = batches(&gpu, ViewDevice::Cpu, "dino");
    let (same_images, made, same_broken) = batches(&gpu, ViewDevice::Gpu, "dino");
    assert_eq!((&images, broken, values.len()), (&same_images, 3, made.len()));
    assert_eq!(broken, same_broken);
    // 1e-5 of a value in [0, 1], before it is divided by the standard deviation.
    let off = values.iter().zip(&made).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
    assert!(off <= 1e-5 / 0.224, "off by {off}");
    assert!(batches(&gpu, ViewDevice::Gpu, "dino") == (same_images, made, same_broken));
}

#[test]
fn a_run_learns_the_same_from_views_of_either_device() {
    let Some(gpu) = devices::gpu("a_run_learns_the_same_from_views_of_either_device") else {
        return;
    };
    for method in ["simsiam", "dino"] {
        let losses = |maker: ViewDevice| -> Vec<f64> {
            let settings = small::settings(method, &[]);
            let data = data::open("shapes", 0).expect("shapes need no file").train;
            let method = build(&settings, &gpu).expect("a network");
            let mut descent = Descent::new(method.optimizer(), method.clip());
            let at = Schedule { step: 0, steps_per_epoch: 8, ..Schedule::start(&settings.run, 64) };
            let size = settings.run.image_size;
            let batches = Batches::made_by(maker, data, method.views(), size, &gpu, at);
            let mut losses = Vec::new();
            for batch in batches.take(5) {
                let (at, views) = batch.expect("shapes are drawn");
                let (output, _) = step(&*method, &mut descent, &views, &at).expect("gradients");
                losses.push(output.loss.item());
            }
            losses
        };
        let (here, there) = (losses(ViewDevice::Cpu), losses(ViewDevice::Gpu));
        for (here, there) in here.iter().zip(&there) {
            let off = (here - there).abs();
            assert!(off <= 1e-3 * here.abs().max(1.0), "{method}: {here} and {there}");
        }
    }
}
