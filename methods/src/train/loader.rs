//! Batches of views, drawn beside the training step on threads of their own.
//!
//! The memory is bounded: beside the batch that the step works on there are at most [`AHEAD`] that
//! wait and one that is being drawn, for which each thread holds one decoded image at a time. Where
//! a GPU makes the views, a batch has packed images in place of views, which are bounded as well
//! ([`Packed`]).

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::augment::gpu::{Packed, Sheet};
use crate::augment::{Drawn, MEAN, STD, key, keyed, normalize};
use crate::data::{Broken, DataError, Dataset, Image};
use crate::method::View;

/// Batches that wait: enough that a step never does, few enough to bound the memory.
const AHEAD: usize = 2;
/// The number of the view that shuffles an epoch: one that no image draws.
const SHUFFLE: u64 = u64::MAX;

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
    /// The words that a tensor of the GPU may hold, where the views are made there.
    pub(super) gpu_words: Option<usize>,
}

/// The views of one step.
pub(super) struct Batch {
    /// Which images these are.
    pub(super) images: Vec<usize>,
    pub(super) views: Views,
}

/// The views of `batch` images.
pub(super) enum Views {
    /// Made here: the pixels of each view, `[batch, side, side, 3]`.
    Made(Vec<Vec<f32>>),
    /// To be made by a GPU.
    Drawn(Vec<Sheet>),
}

/// The batches of a run, in order, each drawn from (seed, epoch, sample, view) alone: neither the
/// number of threads nor an interruption changes one.
pub(super) struct Loader {
    batches: Option<Receiver<Result<Batch, DataError>>>,
    broken: Arc<Broken>,
    worker: Option<JoinHandle<()>>,
}

impl Plan {
    pub(super) fn steps_per_epoch(&self) -> usize {
        self.data.len() / self.batch.max(1)
    }

    /// The order in which an epoch visits the images.
    fn order(&self, epoch: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.data.len()).collect();
        order.shuffle(&mut keyed([self.seed, epoch as u64, 0, SHUFFLE]));
        order
    }

    /// An image and which it is: in place of a broken one stands the next that can be read.
    fn image(&self, sample: usize, broken: &Broken) -> Result<(usize, Image), DataError> {
        let mut index = sample;
        loop {
            match self.data.image(index) {
                Ok(image) => return Ok((index, image)),
                Err(error) => broken.note(index, self.data.len(), error)?,
            }
            index = (index + 1) % self.data.len();
        }
    }

    /// What `make` makes of each image and of what is drawn for its views, and which images they
    /// are.
    fn each<T: Send>(
        &self,
        (epoch, samples): (usize, &[usize]),
        broken: &Broken,
        make: impl Fn(&Image, &[(Drawn, [usize; 2])]) -> T + Sync,
    ) -> Result<(Vec<usize>, Vec<T>), DataError> {
        let of = |&sample: &usize| {
            let (index, image) = self.image(sample, broken)?;
            let draw = |(i, view): (usize, &View)| {
                let mut key = key(self.seed, epoch, sample, i);
                (view.recipe.draw([image.height, image.width], &mut key), self.size(view))
            };
            let drawn: Vec<_> = self.views.iter().enumerate().map(draw).collect();
            Ok((index, make(&image, &drawn)))
        };
        let made: Vec<(usize, T)> = samples.par_iter().map(of).collect::<Result<_, DataError>>()?;
        Ok(made.into_iter().unzip())
    }

    fn size(&self, view: &View) -> [usize; 2] {
        [view.side(self.image_size); 2]
    }

    fn draw(&self, epoch: usize, samples: &[usize], broken: &Broken) -> Result<Batch, DataError> {
        let samples = (epoch, samples);
        if let Some(words) = self.gpu_words {
            let (images, packed) = self.each(samples, broken, Packed::new)?;
            let sizes: Vec<[usize; 2]> = self.views.iter().map(|view| self.size(view)).collect();
            return Ok(Batch { images, views: Views::Drawn(Sheet::of(packed, &sizes, words)) });
        }
        let (images, made) = self.each(samples, broken, |image, drawn| {
            let view =
                |(drawn, size): &(Drawn, _)| normalize(drawn.apply(image, *size), MEAN, STD).pixels;
            drawn.iter().map(view).collect::<Vec<_>>()
        })?;
        let join = |view: usize| made.iter().flat_map(|image| &image[view]).copied().collect();
        Ok(Batch { images, views: Views::Made((0..self.views.len()).map(join).collect()) })
    }
}

impl Loader {
    pub(super) fn start(plan: Plan) -> Self {
        let (sender, batches) = sync_channel(AHEAD);
        let broken = Arc::new(Broken::default());
        let met = broken.clone();
        let worker = std::thread::spawn(move || work(&plan, &met, &sender));
        Loader { batches: Some(batches), broken, worker: Some(worker) }
    }

    /// The next batch; `None` after the last.
    pub(super) fn next(&mut self) -> Option<Result<Batch, DataError>> {
        self.batches.as_ref()?.recv().ok()
    }

    /// How many images could not be read so far.
    pub(super) fn broken(&self) -> usize {
        self.broken.count()
    }
}

fn work(plan: &Plan, broken: &Broken, sender: &SyncSender<Result<Batch, DataError>>) {
    // Threads of its own: those of the step would let a batch wait for the step that waits for it.
    let threads = (rayon::current_num_threads() / 2).max(1);
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(|| draw_all(plan, broken, sender)),
        Err(_) => draw_all(plan, broken, sender), // The system gives no more threads: the step's, then.
    }
}

/// Draws the batches one after the other, until the last, or until nobody takes them any more.
fn draw_all(plan: &Plan, broken: &Broken, sender: &SyncSender<Result<Batch, DataError>>) {
    let per_epoch = plan.steps_per_epoch().max(1);
    let mut order = (usize::MAX, Vec::new());
    for step in plan.steps.clone() {
        let epoch = step / per_epoch;
        if order.0 != epoch {
            order = (epoch, plan.order(epoch));
        }
        let samples = &order.1[step % per_epoch * plan.batch..][..plan.batch];
        // A closed channel means that the run has ended early.
        if sender.send(plan.draw(epoch, samples, broken)).is_err() {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::augment::Recipe;
    use crate::data::Image;

    const BATCH: usize = 4;

    /// Images of one pixel, of which some are broken, and how far the loader has run ahead.
    #[derive(Default)]
    struct Watched {
        broken: Vec<usize>,
        read: AtomicUsize,
        /// Batches that the step has asked for.
        asked: AtomicUsize,
        furthest: AtomicUsize,
    }

    impl Dataset for Watched {
        fn name(&self) -> &str {
            "watched"
        }

        fn len(&self) -> usize {
            150
        }

        fn image(&self, index: usize) -> Result<Image, DataError> {
            let read = self.read.fetch_add(1, Ordering::SeqCst) + 1;
            let ahead = read.div_ceil(BATCH).saturating_sub(self.asked.load(Ordering::SeqCst));
            self.furthest.fetch_max(ahead, Ordering::SeqCst);
            match self.broken.contains(&index) {
                true => {
                    let path = format!("{index}.png").into();
                    Err(DataError::Picture { path, reason: "torn".into() })
                }
                false => Ok(Image::filled(1, 1, [index as f32 / 255.0; 3])),
            }
        }

        fn label(&self, _index: usize) -> Option<usize> {
            None
        }

        fn classes(&self) -> &[String] {
            &[]
        }
    }

    fn start(data: &Arc<Watched>, steps: usize) -> Loader {
        let data: Arc<dyn Dataset> = data.clone();
        let views = vec![Recipe::simsiam().small().into()];
        let (image_size, batch, seed, steps) = (2, BATCH, 0, 0..steps);
        Loader::start(Plan { data, views, image_size, batch, seed, steps, gpu_words: None })
    }

    #[test]
    fn the_loader_runs_no_further_ahead_than_it_says() {
        let data = Arc::new(Watched::default());
        let steps = 30;
        let mut loader = start(&data, steps);
        for step in 0..steps {
            // Until the loader has drawn all that it may: then it has to wait.
            let drawn = (step + AHEAD + 1).min(steps) * BATCH;
            while data.read.load(Ordering::SeqCst) < drawn {
                std::thread::yield_now();
            }
            data.asked.fetch_add(1, Ordering::SeqCst);
            let batch = loader.next().expect("a batch").expect("whole images");
            let Views::Made(views) = batch.views else { panic!("no GPU is there") };
            assert_eq!(views[0].len(), BATCH * 2 * 2 * 3);
        }
        assert!(loader.next().is_none());
        assert_eq!(data.furthest.load(Ordering::SeqCst), AHEAD + 1);
    }

    #[test]
    fn a_loader_that_nobody_listens_to_ends() {
        let data = Arc::new(Watched::default());
        drop(start(&data, 1_000_000));
        assert!(data.read.load(Ordering::SeqCst) <= (AHEAD + 1) * BATCH);
    }

    #[test]
    fn a_broken_image_is_counted_once_and_the_next_stands_in_for_it() {
        let data = Arc::new(Watched { broken: vec![7], ..Watched::default() });
        let mut loader = start(&data, 3 * 37);
        while let Some(batch) = loader.next() {
            batch.expect("one in 150 may be broken");
        }
        assert_eq!(loader.broken(), 1);

        let data = Arc::new(Watched { broken: vec![7, 8], ..Watched::default() });
        let mut loader = start(&data, 3 * 37);
        let error = std::iter::from_fn(|| loader.next()).find_map(Result::err);
        assert!(error.expect("an error").to_string().starts_with("2 of 150 pictures are broken"));
    }
}
