//! A run and its folder: begun, resumed, saved.

use std::path::{Path, PathBuf};

use models::weights::Weights;

use super::{Events, RunError, Trainer};
use crate::report;
use crate::train::checkpoint;

impl Trainer {
    /// Makes the folder. The settings come last: a folder without them holds no run, and one with
    /// them has a checkpoint.
    pub(super) fn begin(&mut self) -> Result<(), RunError> {
        let config = self.folder.join("config.toml");
        if config.exists() {
            return Err(RunError::Occupied(self.folder.clone()));
        }
        let file = |path: &Path| {
            let path = path.to_owned();
            move |source| RunError::File { path, source }
        };
        std::fs::create_dir_all(&self.folder).map_err(file(&self.folder))?;
        self.save()?;
        let text = toml::to_string(&self.settings.to_table()).expect("TOML holds the settings");
        report::write_whole(&config, text.as_bytes()).map_err(file(&config))?;
        self.open_events()
    }

    /// Goes on from a checkpoint of the folder, or from the newest that is whole.
    pub(super) fn resume(&mut self, from: Option<&Path>) -> Result<(), RunError> {
        let folder = self.folder.clone();
        let (method, descent, probe) = (&*self.method, &mut self.descent, &mut self.probe);
        let mut load = |path: &Path| checkpoint::load(path, method, descent, probe.as_mut());
        let (path, place) = match from {
            None => checkpoint::newest(&folder, load)?,
            Some(path) => {
                let path = inside(path, &folder)?;
                let place = load(&path)?;
                (path, place)
            }
        };
        checkpoint::go_back_to(&path, &place, &folder)?;
        self.place = place;
        self.at.step = self.place.step;
        // What was measured after the checkpoint will be measured again.
        let path = self.metrics_path();
        if path.exists() {
            let mut metrics = report::read_metrics(&path)?;
            metrics.retain(|m| m.step <= self.at.step as u64);
            self.knn = metrics.iter().rev().find_map(|m| m.knn);
            self.course = self.course.again(&metrics);
            report::write_metrics(&path, &metrics)?;
        }
        self.open_events()
    }

    pub(super) fn metrics_path(&self) -> PathBuf {
        self.folder.join("metrics.jsonl")
    }

    fn open_events(&mut self) -> Result<(), RunError> {
        if self.settings.run.tensorboard {
            self.events = Some(Events::open(&self.folder, self.at.step as u64)?);
        }
        Ok(())
    }

    fn state(&self) -> Weights {
        checkpoint::collect(&*self.method, &self.descent, &self.place, self.probe.as_ref())
    }

    /// Saves the newest state. One that is not finite takes no good one's place.
    pub(super) fn save(&self) -> Result<(), RunError> {
        let state = self.state();
        match checkpoint::not_finite(&state) {
            Some(name) => Err(self.diverged(format!("`{name}` is not finite"))),
            None => checkpoint::save(&self.folder, &state, self.device.is_f64()),
        }
    }

    /// Saves the state as the best.
    pub(super) fn save_best(&self) -> Result<(), RunError> {
        let state = self.state();
        checkpoint::save_best(&self.folder, &state, self.device.is_f64())
    }
}

/// The path of a checkpoint as the folder has it.
fn inside(path: &Path, folder: &Path) -> Result<PathBuf, RunError> {
    let file = |source| RunError::File { path: path.to_owned(), source };
    let whole = path.canonicalize().map_err(file)?;
    let elsewhere = || RunError::Elsewhere { path: path.to_owned(), folder: folder.to_owned() };
    let is_inside = folder.canonicalize().is_ok_and(|folder| whole.parent() == Some(&*folder));
    let name = whole.file_name().filter(|_| is_inside).ok_or_else(elsewhere)?;
    Ok(folder.join(name))
}
