//! Batches of views, drawn beside the training step on a thread of their own.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::augment::key;
use crate::data::{DataError, Dataset};
use crate::method::View;

/// Batches that wait: enough that a step never does, few enough to bound the memory.
const AHEAD: usize = 2;
/// The largest share of images that may be broken before a run gives up.
const MOST_BROKEN: f64 = 0.01;
/// The number of the view that shuffles an epoch: one that no image draws.
const SHUFFLE: usize = usize::MAX;

/// What views are drawn of and how.
pub(super) struct Plan {
    pub(super) data: Arc<dyn Dataset>,
    pub(super) views: Vec<View>,
    /// Height and width of a view that has no size of its own.
    pub(super) image_size: usize,
    pub(super) batch: usize,
    pub(super) seed: u64,
    /// The steps to draw: from the first up to, not including, the second.
    pub(super) steps: std::ops::Range<usize>,
}

/// The views of one step: the pixels of `batch` images for each, `[batch, side, side, 3]`.
pub(super) struct Batch {
    /// Which images these are.
    pub(super) images: Vec<usize>,
    pub(super) views: Vec<Vec<f32>>,
}

/// The batches of a run, in order, each drawn from (seed, epoch, sample, view) alone: neither the
/// number of threads nor an interruption changes one.
pub(super) struct Loader {
    batches: Option<Receiver<Result<Batch, DataError>>>,
    worker: Option<JoinHandle<()>>,
}

impl Plan {
    pub(super) fn steps_per_epoch(&self) -> usize {
        self.data.len() / self.batch.max(1)
    }

    /// The order in which an epoch visits the images.
    fn order(&self, epoch: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.data.len()).collect();
        order.shuffle(&mut key(self.seed, epoch, 0, SHUFFLE));
        order
    }

    /// The views of one image, and which it is: in place of a broken one stands the next that can
    /// be read.
    fn views(
        &self,
        epoch: usize,
        sample: usize,
        broken: &Broken,
    ) -> Result<(usize, Vec<Vec<f32>>), DataError> {
        let mut index = sample;
        let image = loop {
            match self.data.image(index) {
                Ok(image) => break image,
                Err(error) => broken.note(index, self.data.len(), error)?,
            }
            index = (index + 1) % self.data.len();
        };
        let draw = |(i, view): (usize, &View)| {
            let mut key = key(self.seed, epoch, sample, i);
            view.recipe.apply(&image, view.side(self.image_size), &mut key).pixels
        };
        Ok((index, self.views.iter().enumerate().map(draw).collect()))
    }

    fn draw(&self, epoch: usize, samples: &[usize], broken: &Broken) -> Result<Batch, DataError> {
        let drawn: Vec<(usize, Vec<Vec<f32>>)> = samples
            .par_iter()
            .map(|&sample| self.views(epoch, sample, broken))
            .collect::<Result<_, _>>()?;
        let (images, drawn): (Vec<_>, Vec<_>) = drawn.into_iter().unzip();
        let join = |view: usize| drawn.iter().flat_map(|image| &image[view]).copied().collect();
        Ok(Batch { images, views: (0..self.views.len()).map(join).collect() })
    }
}

/// The broken images met so far; each is named once.
#[derive(Default)]
struct Broken(std::sync::Mutex<std::collections::HashSet<usize>>);

impl Broken {
    /// Names a broken image, or gives its error back where there are too many.
    fn note(&self, index: usize, of: usize, error: DataError) -> Result<(), DataError> {
        let mut seen = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if seen.insert(index) {
            eprintln!("skipped {error}");
        }
        let most = (of as f64 * MOST_BROKEN).max(1.0) as usize;
        if seen.len() > most {
            return Err(DataError::TooManyBroken { broken: seen.len(), of, last: Box::new(error) });
        }
        Ok(())
    }
}

impl Loader {
    pub(super) fn start(plan: Plan) -> Self {
        let (sender, batches) = sync_channel(AHEAD);
        let worker = std::thread::spawn(move || work(&plan, &sender));
        Loader { batches: Some(batches), worker: Some(worker) }
    }

    /// The next batch; `None` after the last.
    pub(super) fn next(&mut self) -> Option<Result<Batch, DataError>> {
        self.batches.as_ref()?.recv().ok()
    }
}

fn work(plan: &Plan, sender: &SyncSender<Result<Batch, DataError>>) {
    // Threads of its own: those of the step would let a batch wait for the step that waits for it.
    let threads = (rayon::current_num_threads() / 2).max(1);
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(|| draw_all(plan, sender)),
        Err(_) => draw_all(plan, sender), // The system gives no more threads: the step's, then.
    }
}

/// Draws the batches one after the other, until the last, or until nobody takes them any more.
fn draw_all(plan: &Plan, sender: &SyncSender<Result<Batch, DataError>>) {
    let per_epoch = plan.steps_per_epoch().max(1);
    let broken = Broken::default();
    let mut order = (usize::MAX, Vec::new());
    for step in plan.steps.clone() {
        let epoch = step / per_epoch;
        if order.0 != epoch {
            order = (epoch, plan.order(epoch));
        }
        let samples = &order.1[step % per_epoch * plan.batch..][..plan.batch];
        // A closed channel means that the run has ended early.
        if sender.send(plan.draw(epoch, samples, &broken)).is_err() {
            return;
        }
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}
