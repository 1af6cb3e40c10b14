//! What a run needs to go on as if it had never stopped.

use std::io;
use std::path::Path;

use models::Module;
use models::weights::{Weights, WeightsError};

use super::online::OnlineProbe;
use super::optimizer::Descent;
use super::sums::Sums;
use crate::report::write_whole;

/// The name of the newest checkpoint in a run's folder.
pub(super) const CHECKPOINT: &str = "checkpoint.safetensors";
const OPTIMIZER: &str = "optimizer.";
const NETWORK: &str = "network.";

/// Where a checkpoint stands in the run.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Place {
    /// Optimiser steps taken.
    pub(super) step: usize,
    /// Seconds of training so far.
    pub(super) seconds: f64,
    /// What was watched since the last measurement.
    pub(super) sums: Sums,
}

/// Writes a checkpoint beside the old one, then puts it in its place, so that a kill at any
/// moment leaves a whole one. `wide` keeps `f64` values whole.
pub(super) fn save(
    path: &Path,
    module: &dyn Module,
    descent: &Descent,
    place: &Place,
    probe: Option<&OnlineProbe>,
    wide: bool,
) -> io::Result<()> {
    let mut weights = Weights::default();
    weights.collect(NETWORK, module);
    descent.collect(OPTIMIZER, module, &mut weights);
    for (key, value) in [("step", place.step.to_string()), ("seconds", place.seconds.to_string())] {
        weights.metadata.insert(key.to_owned(), value);
    }
    place.sums.collect(&mut weights.metadata);
    if let Some(probe) = probe {
        probe.collect(&mut weights);
    }
    let bytes = weights.to_bytes(wide).map_err(io::Error::other)?;
    write_whole(path, &bytes)
}

/// Puts a checkpoint into a network and its optimiser.
///
/// # Errors
/// Where the file is missing, broken, or another network's.
pub(super) fn load(
    path: &Path,
    module: &dyn Module,
    descent: &mut Descent,
    probe: Option<&mut OnlineProbe>,
) -> Result<Place, WeightsError> {
    let mut weights = Weights::read(path)?;
    let format = |reason| WeightsError::Format { path: path.to_owned(), reason };
    let number = |key: &str| -> Option<f64> { weights.metadata.get(key)?.parse().ok() };
    let place = || {
        Some(Place {
            step: number("step")? as usize,
            seconds: number("seconds")?,
            sums: Sums::restore(&weights.metadata)?,
        })
    };
    let place =
        place().ok_or_else(|| format("no place in a run in it: not a checkpoint".into()))?;
    descent
        .restore(OPTIMIZER, module, &weights)
        .map_err(|name| format(format!("`{name}` is missing or has not its parameter's shape")))?;
    if let Some(probe) = probe {
        probe.restore(&weights, path)?;
    }
    weights.arrays.retain(|name, _| name.starts_with(NETWORK));
    weights.load_into(NETWORK, module, path)?;
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
