//! The views of every step, on the device.

use std::sync::Arc;

use autodiff::Var;
use tensor::{Device, Tensor};

use super::loader::{Loader, Plan, Views};
use super::{RunError, Schedule};
use crate::augment::gpu::{self, WIDEST};
use crate::augment::{MEAN, STD};
use crate::data::Dataset;
use crate::method::View;

/// The words of the largest tensor that every GPU can hold, 128 MiB.
const LEAST_WORDS: usize = 32 << 20;

/// Which device makes the views of decoded images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewDevice {
    /// The processor, beside the step.
    Cpu,
    /// The GPU that the run is on: the processor only decodes and draws random numbers.
    Gpu,
}

impl ViewDevice {
    /// The GPU for a run on a real one, and the processor for every other: a software adapter has
    /// no time of its own.
    pub fn best(device: &Device) -> Self {
        match device.adapter().is_some_and(|adapter| adapter.is_hardware()) {
            true => ViewDevice::Gpu,
            false => ViewDevice::Cpu,
        }
    }
}

/// The batches of a run, from a point of it to its end: with each step's place in the run its
/// views, each `[batch, side, side, 3]`. They are drawn ahead on a thread of their own, from (seed,
/// epoch, sample, view) alone. An epoch visits every image at most once, and drops what does not
/// fill a batch.
pub struct Batches {
    loader: Loader,
    views: Vec<View>,
    image_size: usize,
    device: Device,
    at: Schedule,
}

/// The batch of one step.
pub struct Batch {
    /// The step's place in the run.
    pub at: Schedule,
    /// Its views, each `[batch, side, side, 3]`.
    pub views: Vec<Var>,
    /// The images that the views show, as the data set counts them: in place of a broken one
    /// stands the next that can be read.
    pub images: Vec<usize>,
}

impl Batch {
    /// The classes of the images, `[batch]`. A set without labels has the class 0 alone.
    pub fn labels(&self, data: &dyn Dataset) -> Tensor {
        let label = |&image: &usize| data.label(image).unwrap_or(0) as f64;
        let labels: Vec<f64> = self.images.iter().map(label).collect();
        Tensor::from_slice(self.views[0].device(), [labels.len()], &labels)
    }
}

impl Batches {
    /// Batches for a method that wants these views, `at.batch` images each. `image_size` is the
    /// side of a view that has no size of its own. The views are made by the device that is
    /// [`best`](ViewDevice::best).
    pub fn new(
        data: Arc<dyn Dataset>,
        views: Vec<View>,
        image_size: usize,
        device: &Device,
        at: Schedule,
    ) -> Self {
        Batches::made_by(ViewDevice::best(device), data, views, image_size, device, at)
    }

    /// As [`new`](Batches::new), with views made by the device that is named. A GPU makes none
    /// that are wider than 1024 pixels: then the processor makes all.
    ///
    /// # Panics
    /// Where the GPU is named and `device` is none.
    #[track_caller]
    pub fn made_by(
        maker: ViewDevice,
        data: Arc<dyn Dataset>,
        views: Vec<View>,
        image_size: usize,
        device: &Device,
        at: Schedule,
    ) -> Self {
        let fits = views.iter().all(|view| view.side(image_size) <= WIDEST);
        let gpu_words = (maker == ViewDevice::Gpu && fits).then(|| {
            let adapter = device.adapter();
            let adapter = adapter.unwrap_or_else(|| panic!("views on the GPU, on {device}"));
            adapter.max_tensor_bytes as usize / 4
        });
        let loader = start(data, views.clone(), image_size, at, gpu_words);
        Batches { loader, views, image_size, device: device.clone(), at }
    }

    /// How many images could not be read so far; others stood in for them.
    pub fn broken(&self) -> usize {
        self.loader.broken()
    }

    /// The next batch, with the images that are in it; `None` after the last.
    pub fn next_batch(&mut self) -> Option<Result<Batch, RunError>> {
        let drawn = match self.loader.next()? {
            Ok(drawn) => drawn,
            Err(error) => return Some(Err(error.into())),
        };
        let views = match drawn.views {
            Views::Made(pixels) => self.upload(pixels),
            Views::Drawn(sheets) => match gpu::views(&sheets, &self.device, MEAN, STD) {
                Ok(views) => views,
                Err(error) => return Some(Err(error.into())),
            },
        };
        let views = views.into_iter().map(Var::constant).collect();
        let at = self.at;
        self.at.step += 1;
        Some(Ok(Batch { at, views, images: drawn.images }))
    }

    fn upload(&self, pixels: Vec<Vec<f32>>) -> Vec<Tensor> {
        let view = |(pixels, view): (Vec<f32>, &View)| {
            let side = view.side(self.image_size);
            Tensor::from_slice(&self.device, [self.at.batch, side, side, 3], &pixels)
        };
        pixels.into_iter().zip(&self.views).map(view).collect()
    }
}

impl Iterator for Batches {
    type Item = Result<(Schedule, Vec<Var>), RunError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_batch()?.map(|Batch { at, views, .. }| (at, views)))
    }
}

fn start(
    data: Arc<dyn Dataset>,
    views: Vec<View>,
    image_size: usize,
    at: Schedule,
    gpu_words: Option<usize>,
) -> Loader {
    let Schedule { step, batch, seed, .. } = at;
    Loader::start(Plan { data, views, image_size, batch, seed, steps: step..at.total(), gpu_words })
}

/// What the host does for batches whose views a GPU makes: it reads, decodes, draws and packs, and
/// hands the images over where `device` is a GPU. For measurements.
pub(crate) struct HostPart {
    loader: Loader,
    device: Device,
}

impl HostPart {
    /// As [`Batches::new`].
    pub(crate) fn new(
        data: Arc<dyn Dataset>,
        views: Vec<View>,
        image_size: usize,
        device: &Device,
        at: Schedule,
    ) -> Self {
        let words =
            device.adapter().map_or(LEAST_WORDS, |found| found.max_tensor_bytes as usize / 4);
        let loader = start(data, views, image_size, at, Some(words));
        HostPart { loader, device: device.clone() }
    }

    /// Prepares the next batch; `None` after the last.
    pub(crate) fn prepare(&mut self) -> Option<Result<(), RunError>> {
        Some(self.loader.next()?.map_err(RunError::from).and_then(|batch| {
            if let (Views::Drawn(sheets), Some(_)) = (batch.views, self.device.adapter()) {
                for sheet in sheets {
                    sheet.upload(&self.device)?;
                }
            }
            Ok(())
        }))
    }
}
