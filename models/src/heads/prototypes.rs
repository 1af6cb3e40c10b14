//! SwAV's head: a projector, and the prototypes that its output is compared with.

use autodiff::Var;

use super::Mlp;
use crate::layers::Linear;
use crate::weights::Layout;
use crate::{Init, Module, Parameter, Parts};

/// SwAV's projector: linear, batch norm, ReLU, linear, with biases (Caron et al. 2020, appendix
/// A.1; 2048 hidden, 128 out). First values are PyTorch's. Official name: `projection_head`.
///
/// ```
/// # use models::{Init, Module, heads::swav_projector};
/// # use tensor::Device;
/// let head = swav_projector(&mut Init::new(&Device::cpu(), 0), 32, 64, 16);
/// assert_eq!(head.parameters().last().unwrap().0, "3.bias");
/// ```
pub fn swav_projector(init: &mut Init, features: usize, hidden: usize, out: usize) -> Mlp {
    Mlp::default().hidden(init, features, hidden, true).linear(Linear::new(init, hidden, out, true))
}

/// Vectors that projections are compared with: `weight` is `[k, d]`, a prototype a row (Caron et
/// al. 2020, section 3.1). Official name: `prototypes`.
///
/// ```
/// # use autodiff::Var;
/// # use models::{Init, heads::Prototypes};
/// # use tensor::Device;
/// let init = &mut Init::new(&Device::cpu(), 0);
/// let prototypes = Prototypes::new(init, 8, 300);
/// prototypes.normalize();
/// let z = Var::constant(init.normal([4, 8], 1.0)).l2_normalize(1e-12);
/// let cosines: Vec<f32> = prototypes.forward(&z).value().to_vec();
/// assert!(cosines.len() == 4 * 300 && cosines.iter().all(|c| c.abs() <= 1.00001));
/// ```
#[derive(Clone)]
pub struct Prototypes {
    weight: Parameter,
}

impl Prototypes {
    /// `k` vectors of length `d`, uniform in `±1/√d` as PyTorch's `nn.Linear`; not yet of unit
    /// length.
    pub fn new(init: &mut Init, d: usize, k: usize) -> Self {
        let weight = init.uniform([k, d], 1.0 / (d as f64).sqrt());
        Prototypes { weight: Parameter::new(weight, Layout::Plain) }
    }

    /// The products with every prototype: `[n, d] → [n, k]`. They are cosines where both are of
    /// unit length.
    #[track_caller]
    pub fn forward(&self, z: &Var) -> Var {
        z.matmul_nt(&self.weight.var())
    }

    /// Scales every prototype to unit length. SwAV does so before each step, outside the graph.
    pub fn normalize(&self) {
        self.weight.set(self.weight.var().value().l2_normalize(1e-12));
    }
}

impl Module for Prototypes {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.parameter("weight", &self.weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::moments;
    use tensor::Device;

    #[test]
    fn prototypes_come_to_unit_length() {
        let prototypes = Prototypes::new(&mut Init::new(&Device::reference(), 0), 16, 500);
        let (mean, std) = moments(prototypes.weight.var().value());
        // Uniform in ±1/4.
        assert!(mean.abs() < 0.01 && (std * 4.0 * 3f64.sqrt() - 1.0).abs() < 0.02, "{mean}, {std}");
        prototypes.normalize();
        assert!(prototypes.weight.is_trainable());
        for row in prototypes.weight.var().value().to_vec::<f64>().chunks(16) {
            let norm = row.iter().map(|x| x * x).sum::<f64>();
            assert!((norm - 1.0).abs() < 1e-12, "{norm}");
        }
    }
}
