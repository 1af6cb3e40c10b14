//! What modules are made of, and how it is reached by name.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use autodiff::Var;
use tensor::Tensor;

use crate::weights::Layout;

/// A layer or a network: it names its parts, and everything else follows from that: what an
/// optimiser updates, what a file holds, what training mode reaches.
pub trait Module {
    /// Names every part, in the order of the forward pass.
    fn visit<'m>(&'m self, parts: &mut Parts<'m>);

    /// All parts with their full names, such as `layer1.0.conv1.weight`.
    fn parts(&self) -> Parts<'_> {
        let mut parts = Parts::default();
        self.visit(&mut parts);
        parts
    }

    // ANCHOR: train
    /// Puts every layer into training mode, or into evaluation mode.
    fn train(&self, training: bool) {
        for (_, part) in self.parts().list {
            if let Part::Mode(mode) = part {
                mode.training.store(training, Ordering::Relaxed);
            }
        }
    }
    // ANCHOR_END: train

    /// Lets every layer that draws numbers in training draw those of a step of the run: a step
    /// that is taken again, by a resumed run, draws the same.
    fn at_step(&self, step: usize) {
        for (_, part) in self.parts().list {
            if let Part::Mode(mode) = part {
                mode.draws.store((step as u64) << 32, Ordering::Relaxed);
            }
        }
    }

    /// Makes every parameter a constant, so that it is not trained and no graph is recorded for
    /// it: a teacher, or a part that keeps its first values.
    ///
    /// ```
    /// # use models::{Init, Module, layers::Linear};
    /// # use tensor::Device;
    /// let student = Linear::new(&mut Init::new(&Device::cpu(), 0), 2, 3, true);
    /// let teacher = student.clone();
    /// teacher.freeze();
    /// assert!(teacher.parameters().iter().all(|(_, p)| !p.is_trainable()));
    /// assert!(student.parameters().iter().all(|(_, p)| p.is_trainable()));
    /// ```
    fn freeze(&self) {
        for (_, parameter) in self.parameters() {
            parameter.replace(Var::constant(parameter.var().value().clone()));
        }
    }

    /// The parameters with their full names.
    fn parameters(&self) -> Vec<(String, &Parameter)> {
        let of = |(name, part)| match part {
            Part::Parameter(parameter) => Some((name, parameter)),
            _ => None,
        };
        self.parts().list.into_iter().filter_map(of).collect()
    }
}

// ANCHOR: part
/// One part of a module.
#[derive(Clone, Copy)]
pub enum Part<'m> {
    /// What a gradient changes.
    Parameter(&'m Parameter),
    /// State that no gradient changes, such as running statistics.
    Buffer(&'m Buffer),
    /// A switch between training and evaluation.
    Mode(&'m Mode),
}
// ANCHOR_END: part

/// The parts of a module, with their full names.
#[derive(Default)]
pub struct Parts<'m> {
    prefix: String,
    list: Vec<(String, Part<'m>)>,
}

impl<'m> Parts<'m> {
    /// Names a parameter.
    pub fn parameter(&mut self, name: &str, parameter: &'m Parameter) {
        self.push(name, Part::Parameter(parameter));
    }

    /// Names a buffer.
    pub fn buffer(&mut self, name: &str, buffer: &'m Buffer) {
        self.push(name, Part::Buffer(buffer));
    }

    /// Mentions a layer's switch.
    pub fn mode(&mut self, mode: &'m Mode) {
        self.push("mode", Part::Mode(mode));
    }

    /// Names a module: its parts follow under `name.`.
    pub fn module(&mut self, name: &str, module: &'m dyn Module) {
        let outer = self.prefix.len();
        self.prefix.push_str(name);
        self.prefix.push('.');
        module.visit(self);
        self.prefix.truncate(outer);
    }

    fn push(&mut self, name: &str, part: Part<'m>) {
        self.list.push((format!("{}{name}", self.prefix), part));
    }
}

impl<'m> IntoIterator for Parts<'m> {
    type Item = (String, Part<'m>);
    type IntoIter = std::vec::IntoIter<Self::Item>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

/// A tensor that training changes.
pub struct Parameter {
    var: RwLock<Var>,
    layout: Layout,
}

impl Parameter {
    /// A trainable parameter; `layout` says how PyTorch would store it.
    #[track_caller]
    pub fn new(value: Tensor, layout: Layout) -> Self {
        Parameter { var: RwLock::new(Var::leaf(value)), layout }
    }

    /// The same, never to be trained: it asks for no gradient.
    #[track_caller]
    pub fn frozen(value: Tensor, layout: Layout) -> Self {
        Parameter { var: RwLock::new(Var::constant(value)), layout }
    }

    /// The leaf to compute with, and to ask gradients for.
    pub fn var(&self) -> Var {
        self.var.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a gradient is expected.
    pub fn is_trainable(&self) -> bool {
        self.var().needs_grad()
    }

    /// How PyTorch would store it.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// A new value of the same shape, trainable if the old one was.
    ///
    /// # Panics
    /// Where the shape differs.
    #[track_caller]
    pub fn set(&self, value: Tensor) {
        let old = self.var();
        assert!(
            value.shape() == old.shape(),
            "a parameter of {} cannot take a value of {}",
            old.shape(),
            value.shape()
        );
        self.replace(if old.needs_grad() { Var::leaf(value) } else { Var::constant(value) });
    }

    /// Puts a node in the parameter's place: gradient checks differentiate with respect to it.
    pub fn replace(&self, var: Var) {
        *self.var.write().unwrap_or_else(PoisonError::into_inner) = var;
    }
}

impl Clone for Parameter {
    /// A parameter of its own: the same value, and a leaf that other gradients belong to.
    #[track_caller]
    fn clone(&self) -> Self {
        let value = self.var().value().clone();
        match self.is_trainable() {
            true => Parameter::new(value, self.layout),
            false => Parameter::frozen(value, self.layout),
        }
    }
}

/// State that is not trained by gradient.
pub struct Buffer(RwLock<Tensor>);

impl Buffer {
    /// A buffer with its first value.
    pub fn new(value: Tensor) -> Self {
        Buffer(RwLock::new(value))
    }

    /// The present value.
    pub fn value(&self) -> Tensor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces it.
    pub fn set(&self, value: Tensor) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = value;
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        Buffer::new(self.value())
    }
}

/// Training or evaluation, for the layers that differ, and where their random numbers stand; new
/// layers train, from the first step on.
pub struct Mode {
    training: AtomicBool,
    draws: AtomicU64,
}

impl Mode {
    /// Whether the layer is in training mode.
    pub fn is_training(&self) -> bool {
        self.training.load(Ordering::Relaxed)
    }

    /// The number of a draw: another one at every call, and from [`Module::at_step`] on always
    /// the same ones.
    pub fn next_draw(&self) -> u64 {
        self.draws.fetch_add(1, Ordering::Relaxed)
    }
}

impl Clone for Mode {
    fn clone(&self) -> Self {
        Mode {
            training: AtomicBool::new(self.is_training()),
            draws: AtomicU64::new(self.draws.load(Ordering::Relaxed)),
        }
    }
}

impl Default for Mode {
    fn default() -> Self {
        Mode { training: AtomicBool::new(true), draws: AtomicU64::new(0) }
    }
}
