//! What a run needs to go on as if it had never stopped.
//!
//! A run's folder holds its last two checkpoints and the best. Each is written under another name,
//! synced and renamed, so that a kill or a full disk at any moment leaves a whole one.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use models::Module;
use models::weights::{Weights, WeightsError};

use super::error::RunError;
use super::online::OnlineProbe;
use super::optimizer::Descent;
use super::sums::Sums;
use crate::report::{rename, write_beside, write_whole};

/// The name of the newest checkpoint in a run's folder.
pub(super) const CHECKPOINT: &str = "checkpoint.safetensors";
/// That of the one before it.
const PREVIOUS: &str = "checkpoint-previous.safetensors";
/// That of the best.
pub(super) const BEST: &str = "checkpoint-best.safetensors";
const OPTIMIZER: &str = "optimizer.";
const NETWORK: &str = "network.";
const CHECKSUM: &str = "crc32c";

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

/// The state of a run, as a checkpoint holds it.
pub(super) fn collect(
    module: &dyn Module,
    descent: &Descent,
    place: &Place,
    probe: Option<&OnlineProbe>,
) -> Weights {
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
    weights.metadata.insert(CHECKSUM.to_owned(), checksum(&weights));
    weights
}

/// The first array of a state that holds a NaN or an infinity.
pub(super) fn not_finite(state: &Weights) -> Option<&str> {
    let broken = |array: &models::weights::Array| array.values().iter().any(|x| !x.is_finite());
    state.arrays.iter().find(|(_, array)| broken(array)).map(|(name, _)| name.as_str())
}

/// Writes the newest checkpoint of a folder; the one that was the newest becomes the previous.
/// `wide` keeps `f64` values whole.
pub(super) fn save(folder: &Path, state: &Weights, wide: bool) -> Result<(), RunError> {
    let [newest, previous] = [CHECKPOINT, PREVIOUS].map(|name| folder.join(name));
    let put = || {
        let whole = write_beside(&newest, &bytes(state, wide)?)?;
        match rename(&newest, &previous) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        rename(&whole, &newest)
    };
    put().map_err(|source| RunError::File { path: newest.clone(), source })
}

/// Writes the best checkpoint of a folder.
pub(super) fn save_best(folder: &Path, state: &Weights, wide: bool) -> Result<(), RunError> {
    let path = folder.join(BEST);
    let put = || write_whole(&path, &bytes(state, wide)?);
    put().map_err(|source| RunError::File { path: path.clone(), source })
}

/// Makes a checkpoint of a folder its newest, whatever stands there; one that is later in the run,
/// or broken, is no longer the previous.
pub(super) fn go_back_to(path: &Path, place: &Place, folder: &Path) -> Result<(), RunError> {
    let [newest, previous] = [CHECKPOINT, PREVIOUS].map(|name| folder.join(name));
    if path == newest {
        return Ok(());
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| RunError::File { path, source }
    };
    let bytes = fs::read(path).map_err(failed(path))?;
    write_whole(&newest, &bytes).map_err(failed(&newest))?;
    let behind = Weights::read(&previous).ok().and_then(|state| step(&state));
    match behind {
        Some(step) if step <= place.step => Ok(()),
        _ => match fs::remove_file(&previous) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&previous)(error)),
            _ => Ok(()),
        },
    }
}

fn bytes(state: &Weights, wide: bool) -> io::Result<Vec<u8>> {
    state.to_bytes(wide).map_err(io::Error::other)
}

/// What `read` makes of the newest whole checkpoint of a folder, and which that is. A broken one is
/// named.
///
/// # Errors
/// Where there is none, none is whole, or `read` refuses one for another reason.
pub(super) fn newest<T>(
    folder: &Path,
    mut read: impl FnMut(&Path) -> Result<T, WeightsError>,
) -> Result<(PathBuf, T), RunError> {
    let mut broken = None;
    for path in [CHECKPOINT, PREVIOUS].map(|name| folder.join(name)) {
        match read(&path) {
            Ok(found) => {
                if let Some(broken) = broken {
                    eprintln!("{broken}; going on from {}", path.display());
                }
                return Ok((path, found));
            }
            // A kill between two renames leaves the previous one alone.
            Err(WeightsError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            Err(error @ WeightsError::Format { .. }) => {
                broken.get_or_insert(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(broken.map_or_else(|| RunError::NothingToResume(folder.to_owned()), RunError::from))
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
    let mut weights = read(path)?;
    let format = |reason| WeightsError::Format { path: path.to_owned(), reason };
    let place = || {
        Some(Place {
            step: step(&weights)?,
            seconds: weights.metadata.get("seconds")?.parse().ok()?,
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
    let mut weights = read(path)?;
    weights.arrays.retain(|name, _| name.starts_with(NETWORK));
    weights.load_into(NETWORK, module, path)
}

/// A file whose arrays are those that were written.
fn read(path: &Path) -> Result<Weights, WeightsError> {
    let weights = Weights::read(path)?;
    match weights.metadata.get(CHECKSUM) {
        Some(told) if *told != checksum(&weights) => {
            let reason = "its checksum is not that of its arrays".to_owned();
            Err(WeightsError::Format { path: path.to_owned(), reason })
        }
        _ => Ok(weights),
    }
}

fn step(state: &Weights) -> Option<usize> {
    state.metadata.get("step")?.parse().ok()
}

/// Of the arrays' names and bytes, in the order of the names.
fn checksum(weights: &Weights) -> String {
    let sum = weights.arrays.iter().fold(0, |sum, (name, array)| {
        crc32c::crc32c_append(crc32c::crc32c_append(sum, name.as_bytes()), array.bytes())
    });
    format!("{sum:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Settings, build};
    use tensor::Device;

    /// A folder whose checkpoints are of these steps, the newest last, and the method in them.
    fn folder(steps: &[usize]) -> (tempfile::TempDir, Box<dyn crate::method::Method>, Descent) {
        let settings = Settings::named("simsiam").unwrap().set("encoder=resnet-small-w4").unwrap();
        let method = build(&settings, &Device::cpu()).unwrap();
        let descent = Descent::new(method.optimizer(), method.clip());
        let folder = tempfile::tempdir().unwrap();
        for &step in steps {
            let place = Place { step, ..Place::default() };
            save(folder.path(), &collect(&*method, &descent, &place, None), false).unwrap();
        }
        (folder, method, descent)
    }

    #[test]
    fn the_last_two_are_kept_and_a_broken_newest_is_passed_over() {
        let (folder, method, mut descent) = folder(&[1, 2, 3]);
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [PREVIOUS, CHECKPOINT]);
        let mut found = || {
            let found = newest(folder.path(), |path| load(path, &*method, &mut descent, None));
            found.map(|(_, place)| place.step)
        };
        assert_eq!(found().unwrap(), 3);
        let path = folder.path().join(CHECKPOINT);
        let whole = fs::read(&path).unwrap();
        // Cut off, with one bit of its last array turned, empty, and not there.
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert_eq!(found().unwrap(), 2);
        let mut turned = whole.clone();
        *turned.last_mut().unwrap() ^= 1;
        fs::write(&path, turned).unwrap();
        assert_eq!(found().unwrap(), 2);
        fs::write(&path, []).unwrap();
        assert_eq!(found().unwrap(), 2);
        fs::remove_file(&path).unwrap();
        assert_eq!(found().unwrap(), 2);
        // Nothing whole is left: the newest is named.
        fs::write(&path, b"").unwrap();
        fs::write(folder.path().join(PREVIOUS), b"").unwrap();
        let error = found().unwrap_err().to_string();
        assert!(error.contains("/checkpoint.safetensors: not a whole"), "{error}");
    }

    #[test]
    fn going_back_leaves_nothing_that_is_later() {
        let (folder, method, mut descent) = folder(&[4]);
        let place = Place { step: 1, ..Place::default() };
        save_best(folder.path(), &collect(&*method, &descent, &place, None), false).unwrap();
        let place = Place { step: 5, ..Place::default() };
        save(folder.path(), &collect(&*method, &descent, &place, None), false).unwrap();
        let best = folder.path().join(BEST);
        let place = load(&best, &*method, &mut descent, None).unwrap();
        go_back_to(&best, &place, folder.path()).unwrap();
        let found = newest(folder.path(), |path| load(path, &*method, &mut descent, None)).unwrap();
        assert_eq!(found.1.step, 1);
        assert!(!folder.path().join(PREVIOUS).exists());
    }

    #[test]
    fn a_state_that_is_not_finite_is_named() {
        let (_folder, method, descent) = folder(&[]);
        let state = || collect(&*method, &descent, &Place::default(), None);
        assert_eq!(not_finite(&state()), None);
        let parameters = method.parameters();
        let (_, parameter) = &parameters[0];
        let value = parameter.var().value().clone();
        parameter.set(tensor::Tensor::full(value.device(), value.shape(), f64::NAN));
        let state = state();
        let name = not_finite(&state).unwrap();
        assert!(name.starts_with(NETWORK), "{name}");
    }
}
