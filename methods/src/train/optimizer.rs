//! How parameters change: a rule over the named parameters of a module, and what it remembers.

use std::collections::BTreeMap;

use autodiff::{Gradients, NoGradient};
use models::weights::{Array, Weights};
use models::{Module, Parameter};
use serde::{Deserialize, Serialize};
use tensor::Tensor;
use tensor::update::{self, Rule};
use thiserror::Error;

use super::Clip;

/// A rule with the settings that stay the same throughout a run; see [`tensor::update`]. In a
/// configuration file it is a table whose `rule` is `sgd`, `lars` or `adamw`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "lowercase", deny_unknown_fields)]
pub enum Optimizer {
    /// [`update::Sgd`].
    Sgd {
        /// How much of the last step's direction stays.
        momentum: f64,
        /// Whether the step looks ahead along the momentum.
        nesterov: bool,
    },
    /// [`update::Lars`]: parameters of one axis, which are biases and the scales of norms, are
    /// neither decayed nor scaled.
    Lars {
        /// How much of the last step's direction stays.
        momentum: f64,
        /// The length of a step's gradient as a share of the parameter's.
        trust: f64,
    },
    /// [`update::AdamW`].
    AdamW {
        /// How much of the mean gradient and of its mean square stays.
        betas: [f64; 2],
        /// Keeps the quotient finite.
        eps: f64,
        /// Whether parameters of one axis are not decayed.
        exclude_1d: bool,
    },
}

/// A parameter as a schedule sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'p> {
    /// Its full name, such as `encoder.conv1.weight`.
    pub name: &'p str,
    /// How many axes it has: biases and the scales of norms have one.
    pub axes: usize,
}

impl<'p> Named<'p> {
    /// A parameter by its full name.
    pub fn of(name: &'p str, parameter: &Parameter) -> Self {
        Named { name, axes: parameter.var().shape().rank() }
    }
}

/// What a schedule says of a parameter at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// The learning rate.
    pub lr: f64,
    /// Pull towards zero.
    pub weight_decay: f64,
}

/// A trainable parameter that the loss did not reach: a mistake in the method, since a part of
/// the network would silently stay as it is.
#[derive(Debug, Error)]
#[error("the parameter `{parameter}` is to be trained and got no gradient: {why}")]
pub struct MissingGradient {
    /// Its name.
    pub parameter: String,
    /// Why there is none.
    pub why: NoGradient,
}

/// An optimiser under way: its rule, and what it remembers of each parameter.
///
/// ```
/// # use autodiff::Var;
/// # use methods::train::{Clip, Descent, Optimizer, Rates};
/// # use models::{Init, layers::Linear};
/// # use tensor::{Device, Tensor};
/// let layer = Linear::new(&mut Init::new(&Device::cpu(), 0), 2, 3, true);
/// let optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: false };
/// let mut descent = Descent::new(optimizer, Clip::None);
/// let x = Var::constant(Tensor::ones(&Device::cpu(), [4, 2]));
/// let gradients = layer.forward(&x).mean_all().backward();
/// descent.step(&layer, &gradients, |_| Some(Rates { lr: 0.1, weight_decay: 1e-4 }))?;
/// # Ok::<(), methods::train::MissingGradient>(())
/// ```
pub struct Descent {
    optimizer: Optimizer,
    clip: Clip,
    memory: BTreeMap<String, Memory>,
}

/// What is remembered of a parameter.
#[derive(Clone)]
struct Memory {
    /// In the order of [`Optimizer::states`]; zeros at first.
    states: Vec<Tensor>,
    /// Updates of the parameter so far.
    steps: u64,
}

impl Optimizer {
    /// The names of what is remembered of a parameter.
    fn states(&self) -> &'static [&'static str] {
        match self {
            Optimizer::Sgd { .. } | Optimizer::Lars { .. } => &["momentum"],
            Optimizer::AdamW { .. } => &["m", "v"],
        }
    }

    /// What is remembered of a parameter that has not moved yet.
    fn memory(&self, parameter: &Tensor) -> Memory {
        let zeros = Tensor::zeros(parameter.device(), parameter.shape());
        Memory { states: vec![zeros; self.states().len()], steps: 0 }
    }
}

/// A parameter that is to change, and all that its update takes.
struct Job<'m> {
    name: String,
    parameter: &'m Parameter,
    value: Tensor,
    gradient: Tensor,
    memory: Memory,
    rates: Rates,
}

impl Job<'_> {
    /// The parameter, its gradient, and then its states, in the order of every [`Rule`].
    fn tensor(&self, i: usize) -> &Tensor {
        match i {
            0 => &self.value,
            1 => &self.gradient,
            state => &self.memory.states[state - 2],
        }
    }
}

impl Descent {
    /// Without memory yet.
    pub fn new(optimizer: Optimizer, clip: Clip) -> Self {
        Descent { optimizer, clip, memory: BTreeMap::new() }
    }

    /// One step of every trainable parameter, at rates that are asked for by name; one that has
    /// none is left as it is, memory and all. Gradients are clipped first. Nothing is changed
    /// where a gradient is missing.
    ///
    /// # Errors
    /// [`MissingGradient`] names the first trainable parameter without one.
    pub fn step(
        &mut self,
        module: &dyn Module,
        gradients: &Gradients,
        rates: impl Fn(Named) -> Option<Rates>,
    ) -> Result<(), MissingGradient> {
        let parameters = trainable(module);
        let mut found = Vec::with_capacity(parameters.len());
        for (name, parameter) in &parameters {
            match gradients.get(&parameter.var()) {
                Ok(gradient) => found.push(gradient.clone()),
                Err(why) => return Err(MissingGradient { parameter: name.clone(), why }),
            }
        }
        let clipped = self.clip.apply(found);
        let mut jobs = Vec::with_capacity(parameters.len());
        for ((name, parameter), gradient) in parameters.into_iter().zip(clipped) {
            let Some(rates) = rates(Named::of(&name, parameter)) else { continue };
            let value = parameter.var().value().clone();
            let memory = self.memory.get(&name).cloned();
            let memory = memory.unwrap_or_else(|| self.optimizer.memory(&value));
            jobs.push(Job { name, parameter, value, gradient, memory, rates });
        }
        for (job, (value, states)) in jobs.iter().zip(self.update(&jobs)) {
            job.parameter.set(value);
            let memory = Memory { states, steps: job.memory.steps + 1 };
            self.memory.insert(job.name.clone(), memory);
        }
        Ok(())
    }

    /// The parameters' and the memory's next values, all in one [`update::step`].
    fn update(&self, jobs: &[Job]) -> Vec<(Tensor, Vec<Tensor>)> {
        match self.optimizer {
            Optimizer::Sgd { momentum, nesterov } => by_rule(jobs, |job| {
                let Rates { lr, weight_decay } = job.rates;
                update::Sgd { lr, momentum, weight_decay, nesterov }
            }),
            Optimizer::Lars { momentum, trust } => by_rule(jobs, |job| {
                let Rates { lr, weight_decay } = job.rates;
                update::Lars { lr, momentum, weight_decay, trust }
            }),
            Optimizer::AdamW { betas, eps, exclude_1d } => by_rule(jobs, |job| {
                let excluded = exclude_1d && job.value.shape().rank() <= 1;
                let weight_decay = if excluded { 0.0 } else { job.rates.weight_decay };
                update::AdamW {
                    lr: job.rates.lr,
                    betas,
                    eps,
                    weight_decay,
                    step: job.memory.steps + 1,
                }
            }),
        }
    }

    /// Adds the memory to a checkpoint, in PyTorch's layout as the parameters are.
    pub(super) fn collect(&self, prefix: &str, module: &dyn Module, weights: &mut Weights) {
        for (name, parameter) in trainable(module) {
            let Some(memory) = self.memory.get(&name) else { continue };
            for (state, value) in self.optimizer.states().iter().zip(&memory.states) {
                let array = Array::of(&parameter.layout().to_torch(value));
                weights.arrays.insert(format!("{prefix}{state}.{name}"), array);
            }
            weights.metadata.insert(format!("{prefix}steps.{name}"), memory.steps.to_string());
        }
    }

    /// Takes the memory back from a checkpoint.
    ///
    /// # Errors
    /// The name of a part that is missing or has not its parameter's shape.
    pub(super) fn restore(
        &mut self,
        prefix: &str,
        module: &dyn Module,
        weights: &Weights,
    ) -> Result<(), String> {
        for (name, parameter) in trainable(module) {
            let counter = format!("{prefix}steps.{name}");
            // One that has never moved is not remembered.
            let Some(steps) = weights.metadata.get(&counter) else { continue };
            let steps = steps.parse().map_err(|_| counter)?;
            let var = parameter.var();
            let states = self.optimizer.states().iter().map(|state| {
                let full = format!("{prefix}{state}.{name}");
                let theirs = weights.arrays.get(&full).map(|array| array.to_tensor(var.device()));
                let ours = theirs.and_then(|theirs| parameter.layout().from_torch(&theirs));
                ours.filter(|ours| ours.shape() == var.shape()).ok_or(full)
            });
            let states = states.collect::<Result<_, _>>()?;
            self.memory.insert(name, Memory { states, steps });
        }
        Ok(())
    }
}

/// Each job's next value and states, by a rule of its own.
fn by_rule<R: Rule<I, O>, const I: usize, const O: usize>(
    jobs: &[Job],
    rule: impl Fn(&Job) -> R,
) -> Vec<(Tensor, Vec<Tensor>)> {
    let jobs: Vec<(R, [&Tensor; I])> =
        jobs.iter().map(|job| (rule(job), std::array::from_fn(|i| job.tensor(i)))).collect();
    let split = |next: [Tensor; O]| {
        let mut next = next.into_iter();
        (next.next().expect("the parameter is first"), next.collect())
    };
    update::step(&jobs).into_iter().map(split).collect()
}

fn trainable(module: &dyn Module) -> Vec<(String, &Parameter)> {
    module.parameters().into_iter().filter(|(_, p)| p.is_trainable()).collect()
}

#[cfg(test)]
mod tests {
    use autodiff::Var;
    use models::Init;
    use models::layers::Linear;
    use tensor::Device;

    use super::*;

    const RULES: [Optimizer; 3] = [
        Optimizer::Sgd { momentum: 0.9, nesterov: true },
        Optimizer::Lars { momentum: 0.9, trust: 0.1 },
        Optimizer::AdamW { betas: [0.9, 0.99], eps: 1e-8, exclude_1d: false },
    ];

    fn layer() -> Linear {
        Linear::new(&mut Init::new(&Device::reference(), 0), 3, 2, true)
    }

    /// Takes some steps; the bias rests in the first one.
    fn steps(layer: &Linear, descent: &mut Descent, steps: std::ops::Range<usize>) {
        for step in steps {
            let x = Var::constant(Init::new(&Device::reference(), step as u64).normal([4, 3], 1.0));
            let y = layer.forward(&x);
            let rates = |parameter: Named| {
                let rests = step == 0 && parameter.axes == 1;
                (!rests).then_some(Rates { lr: 0.1, weight_decay: 0.01 })
            };
            let gradients = (&y * &y).mean_all().backward();
            descent.step(layer, &gradients, rates).expect("gradients");
        }
    }

    fn values(layer: &Linear) -> Vec<Vec<f64>> {
        layer.parameters().iter().map(|(_, p)| p.var().value().to_vec()).collect()
    }

    #[test]
    fn the_memory_of_every_rule_passes_through_a_checkpoint() {
        for rule in RULES {
            let (whole, mut descent) = (layer(), Descent::new(rule, Clip::None));
            let bias = values(&whole)[1].clone();
            steps(&whole, &mut descent, 0..1);
            assert_eq!(values(&whole)[1], bias, "it rests");
            steps(&whole, &mut descent, 1..2);
            let mut kept = Weights::default();
            kept.collect("network.", &whole);
            descent.collect("optimizer.", &whole, &mut kept);
            steps(&whole, &mut descent, 2..4);

            let (again, mut descent) = (layer(), Descent::new(rule, Clip::None));
            descent.restore("optimizer.", &again, &kept).expect("its memory");
            kept.arrays.retain(|name, _| name.starts_with("network."));
            kept.load_into("network.", &again, "".as_ref()).expect("its values");
            steps(&again, &mut descent, 2..4);
            assert_eq!(values(&again), values(&whole), "{rule:?}");
            assert_eq!(descent.memory["bias"].steps, 3, "{rule:?}");
        }
    }

    #[test]
    fn a_checkpoint_that_lacks_memory_is_refused() {
        let (layer, mut descent) = (layer(), Descent::new(RULES[2], Clip::None));
        steps(&layer, &mut descent, 0..1);
        let mut kept = Weights::default();
        descent.collect("", &layer, &mut kept);
        kept.arrays.remove("v.weight");
        assert_eq!(descent.restore("", &layer, &kept), Err("v.weight".to_owned()));
    }
}
