//! Stochastic gradient descent over the named parameters of a module.

use std::collections::BTreeMap;

use autodiff::{Gradients, NoGradient, Var};
use models::weights::{Array, Weights};
use models::{Module, Parameter};
use tensor::{Tensor, update};
use thiserror::Error;

/// The settings of SGD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdConfig {
    /// How much of the last step's direction stays.
    pub momentum: f64,
    /// Pull of every parameter towards zero.
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

/// SGD with momentum, and what it remembers of each parameter.
pub struct Sgd {
    config: SgdConfig,
    mu: BTreeMap<String, Tensor>,
}

impl Sgd {
    /// Without memory yet.
    pub fn new(config: SgdConfig) -> Self {
        Sgd { config, mu: BTreeMap::new() }
    }

    /// One step: `g += weight_decay·p; μ = momentum·μ + g; p −= lr·μ`, with a learning rate for
    /// each name. Nothing is changed where a gradient is missing.
    ///
    /// # Errors
    /// [`MissingGradient`] names the first trainable parameter without one.
    pub fn step(
        &mut self,
        module: &dyn Module,
        gradients: &Gradients,
        learning_rate: impl Fn(&str) -> f64,
    ) -> Result<(), MissingGradient> {
        let parameters = trainable(module);
        let mut found = Vec::with_capacity(parameters.len());
        for (name, parameter) in &parameters {
            match gradients.get(&parameter.var()) {
                Ok(gradient) => found.push(gradient),
                Err(why) => return Err(MissingGradient { parameter: name.clone(), why }),
            }
        }
        let vars: Vec<Var> = parameters.iter().map(|(_, parameter)| parameter.var()).collect();
        for ((name, _), var) in parameters.iter().zip(&vars) {
            if !self.mu.contains_key(name) {
                self.mu.insert(name.clone(), Tensor::zeros(var.device(), var.shape()));
            }
        }
        let SgdConfig { momentum, weight_decay } = self.config;
        let jobs: Vec<_> = parameters
            .iter()
            .zip(vars.iter().zip(found))
            .map(|((name, _), (var, gradient))| {
                let lr = learning_rate(name);
                let rule = update::Sgd { lr, momentum, weight_decay, nesterov: false };
                (rule, [var.value(), gradient, &self.mu[name]])
            })
            .collect();
        let stepped = update::step(&jobs);
        for ((name, parameter), [p, mu]) in parameters.into_iter().zip(stepped) {
            parameter.set(p);
            self.mu.insert(name, mu);
        }
        Ok(())
    }

    /// Adds the momenta to a checkpoint, in PyTorch's layout as the parameters are.
    pub(super) fn collect(&self, prefix: &str, module: &dyn Module, weights: &mut Weights) {
        for (name, parameter) in trainable(module) {
            if let Some(mu) = self.mu.get(&name) {
                let array = Array::of(&parameter.layout().to_torch(mu));
                weights.arrays.insert(format!("{prefix}{name}"), array);
            }
        }
    }

    /// Takes the momenta back from a checkpoint.
    ///
    /// # Errors
    /// The name of one whose shape is not its parameter's.
    pub(super) fn restore(
        &mut self,
        prefix: &str,
        module: &dyn Module,
        weights: &Weights,
    ) -> Result<(), String> {
        for (name, parameter) in trainable(module) {
            let full = format!("{prefix}{name}");
            let Some(array) = weights.arrays.get(&full) else { continue };
            let var = parameter.var();
            let theirs = array.to_tensor(var.device());
            match parameter.layout().from_torch(&theirs) {
                Some(mu) if mu.shape() == var.shape() => self.mu.insert(name, mu),
                _ => return Err(full),
            };
        }
        Ok(())
    }
}

fn trainable(module: &dyn Module) -> Vec<(String, &Parameter)> {
    module.parameters().into_iter().filter(|(_, p)| p.is_trainable()).collect()
}
