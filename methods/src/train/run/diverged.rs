//! Why a run has stopped being finite.

use autodiff::graph;

use super::{Descent, RunError, Schedule, Trainer, build};
use crate::method::Method;
use crate::train::checkpoint;

impl Trainer {
    /// The error of a run in which something was seen that is not finite. From the last checkpoint
    /// on its steps are taken once more, and every value is looked at: training itself reads
    /// nothing back, and so sees late what happened early.
    pub(super) fn diverged(&self, seen: String) -> RunError {
        let method = match build(&self.settings, &self.device) {
            Ok(method) => method,
            Err(error) => return error.into(),
        };
        let mut descent = Descent::new(method.optimizer(), method.clip());
        let load = |path: &std::path::Path| checkpoint::load(path, &*method, &mut descent, None);
        let (checkpoint, place) = match checkpoint::newest(&self.folder, load) {
            Ok(found) => found,
            Err(error) => return error,
        };
        let from = Schedule { step: place.step, ..self.at };
        let cause = match self.first(&*method, &mut descent, from) {
            Ok(found) => found.unwrap_or(seen),
            Err(error) => return error,
        };
        let (step, good) = (self.at.step, place.step);
        let settings = self.settings.to_table();
        let rate = settings[&self.settings.run.method].get("base_lr");
        let rate = rate.and_then(toml::Value::as_float).unwrap_or_default();
        let lower = format!("{:.0e}", rate / 3.0).parse().unwrap_or(rate);
        RunError::Diverged { cause, step, checkpoint, good, lower }
    }

    /// The first thing that is not finite in the steps from a point of the run on, in words.
    fn first(
        &self,
        method: &dyn Method,
        descent: &mut Descent,
        from: Schedule,
    ) -> Result<Option<String>, RunError> {
        for batch in self.batches(from).take(self.at.step - from.step) {
            let (at, views) = batch?;
            if let Some(what) = of_step(method, descent, &views, &at)? {
                return Ok(Some(format!("in step {}, {what}", at.step + 1)));
            }
        }
        Ok(None)
    }
}

/// A [`step`](crate::train::step) in which every value is looked at: what is not finite, if
/// anything.
fn of_step(
    method: &dyn Method,
    descent: &mut Descent,
    views: &[autodiff::Var],
    at: &Schedule,
) -> Result<Option<String>, RunError> {
    method.at_step(at.step);
    method.before_step(at);
    let output = method.forward(views, at);
    // An infinity on the way is no fault in itself: a mask is one. It is where the loss has it.
    if !output.loss.item().is_finite()
        && let Err(wrong) = graph::check_finite(&output.loss)
    {
        return Ok(Some(wrong.to_string()));
    }
    let gradients = match output.loss.clone().backward_checked() {
        Ok(gradients) => gradients,
        Err(wrong) => return Ok(Some(wrong.to_string())),
    };
    descent.step(method, &gradients, |parameter| method.rates(parameter, at))?;
    method.after_step(&output, at);
    let finite = |values: Vec<f64>| values.iter().all(|x| x.is_finite());
    let parameters = method.parameters();
    let mut broken = parameters.iter().filter(|(_, p)| !finite(p.var().value().to_vec()));
    let words = |(name, _): &(String, _)| format!("the optimiser made `{name}` not finite");
    Ok(broken.next().map(words))
}
