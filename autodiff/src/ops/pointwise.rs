//! Functions of one element.

use tensor::Tensor;

use crate::Var;

impl Var {
    /// `scale · x + shift`.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// let grads = x.affine(3.0, 1.0).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [3.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn affine(&self, scale: f64, shift: f64) -> Var {
        let y = self.value().affine(scale, shift);
        Var::record("affine", [self], y, move |dy, _| [Some(dy.affine(scale, 0.0))])
    }

    /// `eˣ`; `dx = dy · y`.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[0.0, 0.0]));
    /// let grads = x.exp().sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn exp(&self) -> Var {
        let y = self.value().exp();
        Var::record("exp", [self], y.clone(), move |dy, _| [Some(dy * &y)])
    }

    /// The natural logarithm; `dx = dy / x`.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// let grads = x.log().sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [1.0, 0.5]);
    /// ```
    #[track_caller]
    pub fn log(&self) -> Var {
        let x = self.value().clone();
        Var::record("log", [self], x.log(), move |dy, _| [Some(dy / &x)])
    }

    /// The square root; `dx = dy / 2y`.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 4.0]));
    /// let grads = x.sqrt().sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [0.5, 0.25]);
    /// ```
    #[track_caller]
    pub fn sqrt(&self) -> Var {
        let y = self.value().sqrt();
        Var::record("sqrt", [self], y.clone(), move |dy, _| [Some(dy / (&y * 2.0))])
    }

    /// `max(x, 0)`; the derivative at 0 is 0.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[-1.0, 2.0]));
    /// let grads = x.relu().sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn relu(&self) -> Var {
        let y = self.value().relu();
        Var::record("relu", [self], y.clone(), move |dy, _| [Some(y.relu_grad(dy))])
    }

    /// `|x|`; the derivative at 0 is 0.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::scalar(&Device::reference(), -3.0));
    /// let grads = x.abs().backward();
    /// assert_eq!(grads.get(&x).unwrap().item(), -1.0);
    /// ```
    #[track_caller]
    pub fn abs(&self) -> Var {
        let x = self.value().clone();
        Var::record("abs", [self], x.abs(), move |dy, _| [Some(x.abs_grad(dy))])
    }

    /// The sine; `dx = cos(x) dy`.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::scalar(&Device::reference(), 0.0));
    /// let grads = x.sin().backward();
    /// assert_eq!(grads.get(&x).unwrap().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn sin(&self) -> Var {
        let x = self.value().clone();
        Var::record("sin", [self], x.sin(), move |dy, _| [Some(x.cos() * dy)])
    }

    /// The cosine; `dx = −sin(x) dy`.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::scalar(&Device::reference(), 0.0));
    /// let grads = x.cos().backward();
    /// assert_eq!(grads.get(&x).unwrap().item(), 0.0);
    /// ```
    #[track_caller]
    pub fn cos(&self) -> Var {
        let x = self.value().clone();
        Var::record("cos", [self], x.cos(), move |dy, _| [Some(-(x.sin() * dy))])
    }

    /// The hyperbolic tangent; `dx = (1 − y²) dy`.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::scalar(&Device::reference(), 0.0));
    /// let grads = x.tanh().backward();
    /// assert_eq!(grads.get(&x).unwrap().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn tanh(&self) -> Var {
        let x = self.value().clone();
        Var::record("tanh", [self], x.tanh(), move |dy, _| [Some(x.tanh_grad(dy))])
    }

    /// `1 / (1 + e⁻ˣ)`; `dx = y (1 − y) dy`.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::scalar(&Device::reference(), 0.0));
    /// let grads = x.sigmoid().backward();
    /// assert_eq!(grads.get(&x).unwrap().item(), 0.25);
    /// ```
    #[track_caller]
    pub fn sigmoid(&self) -> Var {
        let x = self.value().clone();
        Var::record("sigmoid", [self], x.sigmoid(), move |dy, _| [Some(x.sigmoid_grad(dy))])
    }

    /// `x Φ(x)`, `Φ` the distribution of the standard normal; `dx = (Φ(x) + x φ(x)) dy`.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::scalar(&Device::reference(), 0.0));
    /// let grads = x.gelu().backward();
    /// assert_eq!(grads.get(&x).unwrap().item(), 0.5);
    /// ```
    #[track_caller]
    pub fn gelu(&self) -> Var {
        let x = self.value().clone();
        Var::record("gelu", [self], x.gelu(), move |dy, _| [Some(x.gelu_grad(dy))])
    }

    /// `x / (1 + e⁻ˣ)`.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::scalar(&Device::reference(), 0.0));
    /// let grads = x.silu().backward();
    /// assert_eq!(grads.get(&x).unwrap().item(), 0.5);
    /// ```
    #[track_caller]
    pub fn silu(&self) -> Var {
        let x = self.value().clone();
        Var::record("silu", [self], x.silu(), move |dy, _| [Some(x.silu_grad(dy))])
    }

    /// `x`, or the bound that it lies beyond; the cotangent passes where `x` is unchanged.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::scalar(&Device::reference(), 0.5));
    /// let grads = x.clamp(0.0, 1.0).backward();
    /// assert_eq!(grads.get(&x).unwrap().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn clamp(&self, low: f64, high: f64) -> Var {
        let x = self.value().clone();
        let y = x.clamp(low, high);
        Var::record("clamp", [self], y.clone(), move |dy, _| [Some(x.eq(&y) * dy)])
    }

    /// `x` to a power `p`; `dx = p xᵖ⁻¹ dy`, and 0 for `p = 0`, at `x = 0` too.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::scalar(&Device::reference(), -2.0));
    /// let grads = x.powf(3.0).backward();
    /// assert_eq!(grads.get(&x).unwrap().item(), 12.0);
    /// ```
    #[track_caller]
    pub fn powf(&self, exponent: f64) -> Var {
        let x = self.value().clone();
        Var::record("powf", [self], x.powf(exponent), move |dy, _| {
            let slope = match exponent {
                0.0 => Tensor::zeros(dy.device(), x.shape()),
                p => x.powf(p - 1.0) * p,
            };
            [Some(slope * dy)]
        })
    }
}
