//! Functions of one element.

use crate::Var;

impl Var {
    /// `scale · x + shift`.
    #[track_caller]
    pub fn affine(&self, scale: f64, shift: f64) -> Var {
        let y = self.value().affine(scale, shift);
        Var::record("affine", [self], y, move |dy, _| [Some(dy.affine(scale, 0.0))])
    }

    /// `eˣ`; `dx = dy · y`.
    #[track_caller]
    pub fn exp(&self) -> Var {
        let y = self.value().exp();
        Var::record("exp", [self], y.clone(), move |dy, _| [Some(dy * &y)])
    }

    /// The natural logarithm; `dx = dy / x`.
    #[track_caller]
    pub fn log(&self) -> Var {
        let x = self.value().clone();
        Var::record("log", [self], x.log(), move |dy, _| [Some(dy / &x)])
    }

    /// The square root; `dx = dy / 2y`.
    #[track_caller]
    pub fn sqrt(&self) -> Var {
        let y = self.value().sqrt();
        Var::record("sqrt", [self], y.clone(), move |dy, _| [Some(dy / (&y * 2.0))])
    }

    /// `max(x, 0)`; the derivative at 0 is 0.
    #[track_caller]
    pub fn relu(&self) -> Var {
        let y = self.value().relu();
        Var::record("relu", [self], y.clone(), move |dy, _| [Some(y.relu_grad(dy))])
    }
}
