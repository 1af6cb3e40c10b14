//! `y = x W + b`.

use std::ops::Range;

use autodiff::Var;
use tensor::Tensor;

use crate::weights::Layout;
use crate::{Init, Module, Parameter, Parts};

/// A linear layer: `[…, in] → […, out]`, weight `[in, out]`.
#[derive(Clone)]
pub struct Linear {
    weight: Parameter,
    bias: Option<Parameter>,
}

impl Linear {
    // ANCHOR: new
    /// Weight and bias uniform in `±1/√in`, as PyTorch's `nn.Linear`: SimSiam may not converge
    /// from very different values (Chen & He 2020, appendix A).
    pub fn new(init: &mut Init, inputs: usize, outputs: usize, bias: bool) -> Self {
        let bound = 1.0 / (inputs as f64).sqrt();
        let weight = Parameter::new(init.uniform([inputs, outputs], bound), Layout::Linear);
        let bias = bias.then(|| Parameter::new(init.uniform([outputs], bound), Layout::Plain));
        Linear { weight, bias }
    }
    // ANCHOR_END: new

    /// As [`new`](Linear::new) with a bias that keeps its first value: in front of a batch norm,
    /// which subtracts it again.
    pub fn with_frozen_bias(init: &mut Init, inputs: usize, outputs: usize) -> Self {
        let bound = 1.0 / (inputs as f64).sqrt();
        let weight = Parameter::new(init.uniform([inputs, outputs], bound), Layout::Linear);
        let bias = Some(Parameter::frozen(init.uniform([outputs], bound), Layout::Plain));
        Linear { weight, bias }
    }

    /// A layer with the given first values: weight `[in, out]`, bias `[out]`.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use models::layers::Linear;
    /// # use tensor::{Device, Tensor};
    /// let device = Device::cpu();
    /// let double = Linear::of(Tensor::full(&device, [1, 1], 2.0), None);
    /// assert_eq!(double.forward(&Var::constant(Tensor::ones(&device, [1, 1]))).item(), 2.0);
    /// ```
    pub fn of(weight: Tensor, bias: Option<Tensor>) -> Self {
        Linear {
            weight: Parameter::new(weight, Layout::Linear),
            bias: bias.map(|bias| Parameter::new(bias, Layout::Plain)),
        }
    }

    // ANCHOR: forward
    /// `[…, in] → […, out]`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        match &self.bias {
            Some(bias) => x.linear(&self.weight.var(), &bias.var()),
            None => x.matmul(&self.weight.var()),
        }
    }
    // ANCHOR_END: forward

    /// The output's features in `range` alone, `[…, in] → […, range.len()]`: where several maps
    /// stand side by side in one matrix, this cuts the small matrix instead of the large output.
    #[track_caller]
    pub fn forward_range(&self, x: &Var, range: Range<usize>) -> Var {
        let cut = |p: &Parameter| p.var().slice(-1, range.start, range.end);
        match &self.bias {
            Some(bias) => x.linear(&cut(&self.weight), &cut(bias)),
            None => x.matmul(&cut(&self.weight)),
        }
    }
}

impl Module for Linear {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.parameter("weight", &self.weight);
        if let Some(bias) = &self.bias {
            parts.parameter("bias", bias);
        }
    }
}
