//! What a run needs to go on as if it had never stopped.

use std::io;
use std::path::Path;

use models::Module;
use models::weights::{Weights, WeightsError};

use super::optimizer::Sgd;
use crate::report::write_whole;

/// The name of the newest checkpoint in a run's folder.
pub(super) const CHECKPOINT: &str = "checkpoint.safetensors";
const MOMENTA: &str = "optimizer.momentum.";
const NETWORK: &str = "network.";

/// Where a checkpoint stands in the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// Optimiser steps taken.
    pub(super) step: usize,
    /// Seconds of training so far.
    pub(super) seconds: f64,
    /// The losses since the last measurement, summed, and how many they are.
    pub(super) loss_sum: f64,
    pub(super) losses: usize,
}

/// Writes a checkpoint beside the old one, then puts it in its place, so that a kill at any
/// moment leaves a whole one. `wide` keeps `f64` values whole.
pub(super) fn save(
    path: &Path,
    module: &dyn Module,
    sgd: &Sgd,
    place: Place,
    wide: bool,
) -> io::Result<()> {
    let mut weights = Weights::default();
    weights.collect(NETWORK, module);
    sgd.collect(MOMENTA, module, &mut weights);
    let Place { step, seconds, loss_sum, losses } = place;
    for (key, value) in [
        ("step", step.to_string()),
        ("seconds", seconds.to_string()),
        ("loss_sum", loss_sum.to_string()),
        ("losses", losses.to_string()),
    ] {
        weights.metadata.insert(key.to_owned(), value);
    }
    let bytes = weights.to_bytes(wide).map_err(io::Error::other)?;
    write_whole(path, &bytes)
}

/// Puts a checkpoint into a network and its optimiser.
///
/// # Errors
/// Where the file is missing, broken, or another network's.
pub(super) fn load(path: &Path, module: &dyn Module, sgd: &mut Sgd) -> Result<Place, WeightsError> {
    let mut weights = Weights::read(path)?;
    let format = |reason| WeightsError::Format { path: path.to_owned(), reason };
    let place = {
        let number = |key: &str| -> Result<f64, WeightsError> {
            let value = weights.metadata.get(key).and_then(|text| text.parse().ok());
            value.ok_or_else(|| format(format!("no number `{key}` in it: not a checkpoint")))
        };
        Place {
            step: number("step")? as usize,
            seconds: number("seconds")?,
            loss_sum: number("loss_sum")?,
            losses: number("losses")? as usize,
        }
    };
    let momenta = weights.arrays.split_off(MOMENTA);
    let momenta = Weights { arrays: momenta, metadata: Default::default() };
    weights.load_into(NETWORK, module, path)?;
    sgd.restore(MOMENTA, module, &momenta)
        .map_err(|name| format(format!("`{name}` has not its parameter's shape")))?;
    Ok(place)
}

/// Puts the network of a checkpoint into a module, without an optimiser.
///
/// # Errors
/// As [`load`].
pub(super) fn load_network(path: &Path, module: &dyn Module) -> Result<(), WeightsError> {
    let mut weights = Weights::read(path)?;
    weights.arrays.retain(|name, _| name.starts_with(NETWORK));
    weights.load_into(NETWORK, module, path)
}
