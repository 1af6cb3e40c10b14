//! The golden cases: small files with inputs and the results that PyTorch found in `f64`, and a
//! runner that computes them with this repository's code.
//!
//! A file is dispatched by the case id in its header, never by its name, so the runner takes any
//! folder of such files. A case whose id it does not know is a miss, as is one that asks for
//! something that does not exist here.

mod augment;
mod batch_losses;
mod case;
mod closed_form;
mod contrastive;
mod distillation;
mod eval;
mod fused;
mod layers;
mod layout;
mod losses;
mod ops;
mod optim;
mod steps;
mod training;
mod vit;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use tensor::Device;

use self::case::{Case, Results, Session};
use crate::panics;

/// Computes a case's outputs.
type Compute = fn(&Session) -> Result<Results>;

/// A file and what came of it.
pub struct Verdict {
    /// The file.
    pub path: PathBuf,
    /// Its case id; empty where the file could not be read.
    pub id: String,
    /// The largest error as a share of what is allowed, or why the case missed.
    pub result: Result<f64>,
}

/// All golden files under the given files and folders, in order.
///
/// # Errors
/// Where one does not exist or cannot be read, or there is no golden file at all.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        collect(path, &mut found).with_context(|| path.display().to_string())?;
    }
    if found.is_empty() {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        bail!("no .safetensors file in {}", paths.join(", "));
    }
    found.sort();
    Ok(found)
}

fn collect(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if fs::metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?.path();
            if entry.is_dir() || entry.extension().is_some_and(|e| e == "safetensors") {
                collect(&entry, found)?;
            }
        }
    } else {
        found.push(path.to_owned());
    }
    Ok(())
}

/// Computes the case in a file on a device and compares every tensor that the file expects.
pub fn check(path: &Path, device: &Device) -> Verdict {
    let verdict = |id: &str, result| Verdict { path: path.to_owned(), id: id.to_owned(), result };
    let case = match Case::read(path) {
        Ok(case) => case,
        Err(error) => return verdict("", Err(error)),
    };
    // A shape that an operation refuses panics; to the runner that is one more way to miss.
    let result = panics::catch(|| run(&case, device)).unwrap_or_else(|panic| {
        Err(anyhow!("panicked: {} ({}:{})", panic.text, panic.file, panic.line))
    });
    verdict(&case.id, result)
}

fn run(case: &Case, device: &Device) -> Result<f64> {
    let (group, name) = case.id.split_once('/').unwrap_or_default();
    let compute = match group {
        "augment" => augment::find(name),
        "eval" => eval::find(name),
        "layer" | "model" => layers::find(name).or_else(|| vit::find(name)),
        "loss" => losses::find(name)
            .or_else(|| batch_losses::find(name))
            .or_else(|| contrastive::find_loss(name))
            .or_else(|| distillation::find_loss(name)),
        "ops" => ops::find(name).or_else(|| fused::find(name)),
        "optim" => optim::find(name),
        "step" => steps::find(name)
            .or_else(|| batch_losses::find_step(name))
            .or_else(|| contrastive::find_step(name))
            .or_else(|| distillation::find_step(name)),
        _ => None,
    };
    let compute = compute.context("unknown case id")?;
    let session = Session::new(case, device);
    let results = compute(&session)?;
    session.compare(results)
}
