//! Half of a method that compares two networks.

use autodiff::{Var, graph};
use models::heads::Mlp;
use models::{Encoder, Module, Parts};

/// An encoder and its projector. A method that has a second one, which follows the first, clones
/// and freezes it.
#[derive(Clone)]
pub struct Branch {
    /// Images `[n, h, w, 3]` to features `[n, c]`.
    pub encoder: Encoder,
    /// Features to what the loss compares, `[n, d]`.
    pub projector: Mlp,
}

impl Branch {
    /// Images to what the loss compares; `name` is what a drawing of the graph calls it.
    pub fn forward(&self, name: &str, x: &Var) -> Var {
        graph::scope(name, || self.projector.forward(&self.encoder.forward(x)))
    }
}

impl Module for Branch {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("projector", &self.projector);
    }
}
