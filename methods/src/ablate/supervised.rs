//! The network that learns from labels, for tables that ask what labels would have done.

use std::sync::atomic::AtomicBool;

use crate::probe::{self, Asked, EVALUATION, Evaluation};
use crate::series::Job;
use crate::train::{Finetune, RunError, Tuned};

/// What is asked of it, and of the networks that it stands beside.
pub(super) const ATTENTION: Asked = Asked { linear: false, localise: false, attention: true };

/// The evaluation of a run's encoder trained from its first values with all labels, for as many
/// epochs with as many images in a batch; once, and then kept in the run's folder.
pub(super) fn evaluation(job: &Job) -> Result<Evaluation, RunError> {
    let file = job.folder.join("supervised.safetensors");
    if let Some(known) = probe::kept(&file.with_extension(EVALUATION)) {
        return Ok(known);
    }
    let run = &job.settings.run;
    let finetune = Finetune {
        label_fraction: 1.0,
        epochs: run.epochs,
        batch: run.batch,
        lr: None,
        from_scratch: true,
    };
    let never = AtomicBool::new(false);
    if let Tuned::Finished(_, classifier) =
        finetune.run(&job.settings, &job.folder, &never, true)?
    {
        classifier.save(&run.encoder, &file)?;
    }
    Ok(probe::evaluate_run(&job.settings, &job.folder, Some(&file), ATTENTION)?.0)
}
