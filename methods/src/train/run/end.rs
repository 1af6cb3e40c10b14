//! What is measured and written at the end of a run.

use super::{Ended, Measures, RunError, RunResult, Schedule, Trainer, measure};
use crate::memory;
use crate::method::Method;
use crate::report;
use crate::train::build;
use crate::train::measure::{calibrate, held_out_loss, pixels_knn};
use crate::train::pictures;

impl Trainer {
    /// Measures the trained network and an untrained one, and writes what the run has shown.
    pub(super) fn finish(mut self) -> Result<Ended, RunError> {
        let peak_bytes = memory::peak();
        let untrained = build(&self.settings, &self.device)?;
        calibrate(&*untrained, &self.device, &self.images[0]);
        let start = Schedule { step: 0, ..self.at };
        let untrained = self.measures(&*untrained, &start);
        let trained = self.measures(&*self.method, &self.at);
        // The last k-NN of a run is measured here and not at the end of its epoch.
        let knn = trained.knn.filter(|_| self.course.is_by_knn());
        if knn.is_some() && self.course.is_best(self.at.step as u64, knn) {
            self.save_best()?;
        }
        let verdict = self.course.verdict();
        let seconds = self.place.seconds;
        let result = RunResult {
            method: self.settings.run.method.clone(),
            data: self.settings.run.data.clone(),
            device: self.device.to_string(),
            seconds,
            collapsed: verdict.collapsed,
            collapsed_since_step: verdict.since_step,
            verdict: verdict.words,
            chance_loss: self.method.chance_loss(&self.at),
            pixels_knn: pixels_knn(&self.images),
            images_per_second: (self.at.step * self.at.batch) as f64 / seconds.max(1e-9),
            peak_bytes,
            broken_images: self.broken as u64,
            trained,
            untrained,
            best: self.course.best().cloned(),
        };
        result.write(&self.folder.join("result.json"))?;
        pictures::write(&self.folder, &*self.method, &self.device, &self.data, &self.images)?;
        report::write(&self.folder)?;
        let (result, step, of) = (Box::new(result), self.at.step, self.at.total());
        Ok(match step < of {
            true => Ended::Collapsed { result, step, of },
            false => Ended::Finished(result),
        })
    }

    fn measures(&self, method: &dyn Method, at: &Schedule) -> Measures {
        let size = self.settings.run.image_size;
        let loss = held_out_loss(method, &self.device, &*self.data.test, size, at);
        measure(method, &self.device, &self.images, true, loss)
    }
}
