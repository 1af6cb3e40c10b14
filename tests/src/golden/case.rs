//! A golden file, and the comparison of what was computed with what it expects.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use autodiff::{NoGradient, Var};
use models::weights::Weights;
use models::{Module, Part};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tensor::{Device, Tensor};

use super::layout;
use crate::array::Array;

/// What a file says.
pub(super) struct Case {
    /// What is computed, such as `loss/simsiam`.
    pub(super) id: String,
    config: Value,
    tensors: BTreeMap<String, Array>,
    /// The outputs that are differentiated.
    grad_of: Vec<String>,
    /// The inputs whose gradient is cut off and expected to be zero.
    stop_gradient: Vec<String>,
    double: Tolerance,
    single: Tolerance,
}

/// `max |a − e| ≤ atol + rtol · max |e|`.
#[derive(Clone, Copy)]
struct Tolerance {
    rtol: f64,
    atol: f64,
}

impl Case {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let weights = Weights::read(path)?;
        let header = |key: &str| weights.metadata.get(key).context(format!("no `{key}` in it"));
        let json = |key: &str| -> Result<Value> {
            serde_json::from_str(header(key)?).context(format!("`{key}` is not JSON"))
        };
        let format = header("format")?;
        ensure!(format == "stopgrad-golden/1", "format `{format}`, expected stopgrad-golden/1");
        let tolerance = |key| -> Result<Tolerance> {
            let json = json(key)?;
            let number = |part: &str| json[part].as_f64().context(format!("no {part} in `{key}`"));
            Ok(Tolerance { rtol: number("rtol")?, atol: number("atol")? })
        };
        Ok(Case {
            id: header("case")?.clone(),
            config: json("config")?,
            grad_of: serde_json::from_value(json("grad_of")?)?,
            stop_gradient: serde_json::from_value(json("stop_gradient")?)?,
            double: tolerance("tol_f64")?,
            single: tolerance("tol_f32")?,
            tensors: weights
                .arrays
                .into_iter()
                .map(|(name, a)| (name, Array { values: a.values(), shape: a.shape }))
                .collect(),
        })
    }

    /// A setting of the case.
    pub(super) fn config<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        let value = self.config.get(key).with_context(|| format!("no `{key}` in the config"))?;
        serde_json::from_value(value.clone()).with_context(|| format!("config `{key}` = {value}"))
    }

    /// All settings of the case.
    pub(super) fn settings(&self) -> &Value {
        &self.config
    }

    /// A tensor of the file.
    pub(super) fn array(&self, name: &str) -> Result<&Array> {
        self.tensors.get(name).with_context(|| format!("no tensor `{name}` in it"))
    }

    /// The names of the tensors under a prefix, without it.
    pub(super) fn names<'c>(&'c self, prefix: &'c str) -> impl Iterator<Item = &'c str> {
        self.tensors.keys().filter_map(move |name| name.strip_prefix(prefix))
    }
}

/// What was computed, by the file's names without `out/` and `after/`.
#[derive(Default)]
pub(super) struct Results {
    out: BTreeMap<String, Var>,
    after: BTreeMap<String, Array>,
    /// Whether everything was computed in `f32`, whatever the device.
    single: bool,
}

impl Results {
    pub(super) fn y(y: Var) -> Self {
        Results::default().out("y", y)
    }

    pub(super) fn loss(loss: Var) -> Self {
        Results::default().out("loss", loss)
    }

    pub(super) fn out(mut self, name: &str, value: Var) -> Self {
        self.out.insert(name.to_owned(), value);
        self
    }

    /// An output that was computed on the host.
    pub(super) fn out_array(self, name: &str, value: &Array) -> Self {
        self.out(name, Var::constant(value.to(&Device::reference())))
    }

    pub(super) fn after(mut self, name: &str, value: Array) -> Self {
        self.after.insert(name.to_owned(), value);
        self
    }

    /// The buffers of a module, after it has run.
    pub(super) fn buffers(mut self, prefix: &str, module: &dyn Module) -> Self {
        for (name, part) in module.parts() {
            if let Part::Buffer(buffer) = part {
                self.after.insert(format!("{prefix}{name}"), Array::of(&buffer.value()));
            }
        }
        self
    }

    pub(super) fn in_single_precision(mut self) -> Self {
        self.single = true;
        self
    }
}

/// A case on a device: its tensors as nodes to compute with.
pub(super) struct Session<'c> {
    pub(super) case: &'c Case,
    pub(super) device: &'c Device,
    leaves: RefCell<BTreeMap<String, Var>>,
}

impl<'c> Session<'c> {
    pub(super) fn new(case: &'c Case, device: &'c Device) -> Self {
        Session { case, device, leaves: RefCell::default() }
    }

    /// A tensor of the file in PyTorch's layout: a leaf where the file expects a gradient for it.
    pub(super) fn var(&self, name: &str) -> Result<Var> {
        if let Some(leaf) = self.leaves.borrow().get(name) {
            return Ok(leaf.clone());
        }
        let value = self.tensor(name)?;
        if !self.expects_gradient(name) {
            return Ok(Var::constant(value));
        }
        let leaf = Var::leaf(value);
        self.leaves.borrow_mut().insert(name.to_owned(), leaf.clone());
        Ok(leaf)
    }

    /// A tensor of the file, outside any graph.
    pub(super) fn tensor(&self, name: &str) -> Result<Tensor> {
        Ok(self.case.array(name)?.to(self.device))
    }

    fn expects_gradient(&self, name: &str) -> bool {
        self.case.tensors.contains_key(&format!("grad/{name}"))
    }

    /// Puts the file's `param/…` and `buffer/…` into a module, whose names must be the same.
    /// Where the file has gradients, they arrive at its own tensors, in PyTorch's layout; else
    /// the parameters are leaves as they were.
    pub(super) fn load(&self, module: &dyn Module) -> Result<()> {
        let mut unused: Vec<&str> = self.case.names("param/").collect();
        for (name, part) in module.parts() {
            match part {
                Part::Parameter(parameter) => {
                    let full = format!("param/{name}");
                    let var = layout::weight(&self.var(&full)?, parameter.layout());
                    let expected = parameter.var();
                    let (found, expected) = (var.shape(), expected.shape());
                    ensure!(found == expected, "{full} is {found} here, expected {expected}");
                    unused.retain(|other| *other != name);
                    if self.case.grad_of.is_empty() {
                        parameter.set(var.value().clone());
                        continue;
                    }
                    ensure!(
                        parameter.is_trainable() == self.expects_gradient(&full),
                        "{full}: the file and the module differ on whether it is trained"
                    );
                    parameter.replace(var);
                }
                Part::Buffer(buffer)
                    if self.case.tensors.contains_key(&format!("buffer/{name}")) =>
                {
                    buffer.set(self.tensor(&format!("buffer/{name}"))?);
                }
                Part::Buffer(_) | Part::Mode(_) => {}
            }
        }
        ensure!(unused.is_empty(), "the module has no {}", unused.join(", "));
        Ok(())
    }

    /// Compares outputs, states and gradients; returns the largest error as a share of what is
    /// allowed.
    pub(super) fn compare(&self, results: Results) -> Result<f64> {
        let tolerance = match self.device.is_f64() && !results.single {
            true => self.case.double,
            false => self.case.single,
        };
        let mut worst: f64 = 0.0;
        let mut compare = |name: &str, found: &Array| -> Result<()> {
            let expected = self.case.array(name)?;
            ensure!(
                found.shape == expected.shape,
                "{name} has shape {:?}, expected {:?}",
                found.shape,
                expected.shape
            );
            let Some((i, error)) = found.worst(expected) else { return Ok(()) };
            let allowed = tolerance.atol + tolerance.rtol * expected.largest();
            let (a, e) = (found.values[i], expected.values[i]);
            if error > allowed {
                bail!(
                    "{name}[{i}] = {a:e}, expected {e:e}: off by {error:.1e}, allowed {allowed:.1e}"
                );
            }
            worst = worst.max(error / allowed);
            Ok(())
        };
        for name in self.case.names("out/") {
            let y = results.out.get(name).with_context(|| format!("out/{name} is not computed"))?;
            compare(&format!("out/{name}"), &Array::of(y.value()))?;
        }
        for name in self.case.names("after/") {
            let state = results.after.get(name);
            let state = state.with_context(|| format!("after/{name} is not computed"))?;
            compare(&format!("after/{name}"), state)?;
        }
        for (name, gradient) in self.gradients(&results)? {
            compare(&format!("grad/{name}"), &gradient)?;
        }
        Ok(worst)
    }

    /// The gradients of `Σ cot · out` over the outputs that are differentiated.
    fn gradients(&self, results: &Results) -> Result<Vec<(String, Array)>> {
        let mut total: Option<Var> = None;
        for name in &self.case.grad_of {
            let short = name.strip_prefix("out/").unwrap_or(name);
            let y = results.out.get(short).with_context(|| format!("{name} is not computed"))?;
            let cotangent = format!("cot/{short}");
            let part = match self.case.tensors.contains_key(&cotangent) {
                true => (y * &Var::constant(self.tensor(&cotangent)?)).sum_all(),
                false => y.clone(),
            };
            total = Some(match total {
                Some(total) => total + part,
                None => part,
            });
        }
        let Some(total) = total else { return Ok(Vec::new()) };
        let gradients = total.backward();
        let leaves = self.leaves.borrow();
        self.case
            .names("grad/")
            .map(|name| {
                let leaf = leaves.get(name).with_context(|| format!("{name} is never used"))?;
                let gradient = match gradients.get(leaf) {
                    Ok(gradient) => Array::of(gradient),
                    Err(NoGradient::CutOff { .. })
                        if self.case.stop_gradient.iter().any(|stopped| stopped == name) =>
                    {
                        Array::from_fn(leaf.shape(), |_| 0.0)
                    }
                    Err(why) => bail!("no gradient for {name}: {why}"),
                };
                Ok((name.to_owned(), gradient))
            })
            .collect()
    }
}
