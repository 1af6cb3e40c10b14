//! One step of training.

use autodiff::{Gradients, Var};

use super::{Descent, MissingGradient, Schedule};
use crate::method::{Method, Output};

/// One step of a method on a batch of views, in the order that all methods keep: what comes before
/// the forward pass, forward, backward, the optimiser, what comes after it.
///
/// # Errors
/// Where a trainable parameter got no gradient.
// ANCHOR: step
pub fn step(
    method: &dyn Method,
    descent: &mut Descent,
    views: &[Var],
    at: &Schedule,
) -> Result<(Output, Gradients), MissingGradient> {
    method.at_step(at.step);
    method.before_step(at);
    let output = method.forward(views, at);
    let gradients = output.loss.clone().backward();
    descent.step(method, &gradients, |parameter| method.rates(parameter, at))?;
    method.after_step(&output, at);
    Ok((output, gradients))
}
// ANCHOR_END: step
