//! Functions of two elements, with broadcasting: sums, differences, products, quotients, powers,
//! extremes. The engine sums the cotangents of repeated axes back.

use std::ops::{Add, Div, Mul, Neg, Sub};

use tensor::Tensor;

use crate::Var;

#[track_caller]
fn add(a: &Var, b: &Var) -> Var {
    let y = a.value() + b.value();
    Var::record("add", [a, b], y, |dy, _| [Some(dy.clone()), Some(dy.clone())])
}

#[track_caller]
fn sub(a: &Var, b: &Var) -> Var {
    let y = a.value() - b.value();
    Var::record("sub", [a, b], y, |dy, needed| {
        [needed[0].then(|| dy.clone()), needed[1].then(|| -dy)]
    })
}

#[track_caller]
fn mul(a: &Var, b: &Var) -> Var {
    let (x, z) = (a.value().clone(), b.value().clone());
    Var::record("mul", [a, b], &x * &z, move |dy, needed| {
        [needed[0].then(|| dy * &z), needed[1].then(|| dy * &x)]
    })
}

#[track_caller]
fn div(a: &Var, b: &Var) -> Var {
    let divisor = b.value().clone();
    let y = a.value() / &divisor;
    Var::record("div", [a, b], y.clone(), move |dy, needed| {
        let da = dy / &divisor;
        let db = needed[1].then(|| -(&da * &y));
        [Some(da), db]
    })
}

impl Var {
    /// `self` to the power `other`. The cotangent of the base is 0 where the exponent is 0, and
    /// that of the exponent where the base is 0: limits, where the formulas have `0 · ∞`.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::scalar(&Device::reference(), 3.0));
    /// let grads = x.pow(&Var::constant(Tensor::scalar(x.device(), 2.0))).backward();
    /// assert_eq!(grads.get(&x).unwrap().item(), 6.0);
    /// ```
    #[track_caller]
    pub fn pow(&self, other: &Var) -> Var {
        let (x, p) = (self.value().clone(), other.value().clone());
        let y = x.pow(&p);
        Var::record("pow", [self, other], y.clone(), move |dy, needed| {
            let zero = Tensor::scalar(dy.device(), 0.0);
            let dx = || p.ne(&zero).where_cond(&(x.pow(&(&p - 1.0)) * &p * dy), &zero);
            let dp = || x.ne(&zero).where_cond(&(&y * x.log() * dy), &zero);
            [needed[0].then(dx), needed[1].then(dp)]
        })
    }

    /// The larger of the two, which takes the cotangent; where both are equal, each takes half.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::from_slice(&Device::cpu(), [2], &[1.0, 5.0]));
    /// let one = Var::constant(Tensor::ones(x.device(), []));
    /// let grads = x.maximum(&one).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [0.5, 1.0]);
    /// ```
    #[track_caller]
    pub fn maximum(&self, other: &Var) -> Var {
        let (a, b) = (self.value().clone(), other.value().clone());
        Var::record("maximum", [self, other], a.maximum(&b), move |dy, needed| {
            [needed[0].then(|| a.maximum_grad(&b) * dy), needed[1].then(|| b.maximum_grad(&a) * dy)]
        })
    }

    /// The smaller of the two, which takes the cotangent; where both are equal, each takes half.
    ///
    /// ```
    /// # use {autodiff::Var, tensor::{Device, Tensor}};
    /// let x = Var::leaf(Tensor::from_slice(&Device::cpu(), [2], &[1.0, 5.0]));
    /// let one = Var::constant(Tensor::ones(x.device(), []));
    /// let grads = x.minimum(&one).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f32>(), [0.5, 0.0]);
    /// ```
    #[track_caller]
    pub fn minimum(&self, other: &Var) -> Var {
        let (a, b) = (self.value().clone(), other.value().clone());
        Var::record("minimum", [self, other], a.minimum(&b), move |dy, needed| {
            [needed[0].then(|| b.maximum_grad(&a) * dy), needed[1].then(|| a.maximum_grad(&b) * dy)]
        })
    }
}

/// `&a + &b` and its by-value forms, and the same with a number on the right.
macro_rules! operator {
    ($trait:ident, $method:ident, |$x:ident, $s:ident| $scalar:expr) => {
        operator!(@pair $trait, $method, &Var, &Var);
        operator!(@pair $trait, $method, &Var, Var);
        operator!(@pair $trait, $method, Var, &Var);
        operator!(@pair $trait, $method, Var, Var);
        operator!(@scalar $trait, $method, &Var, |$x, $s| $scalar);
        operator!(@scalar $trait, $method, Var, |$x, $s| $scalar);
    };
    (@pair $trait:ident, $method:ident, $a:ty, $b:ty) => {
        impl $trait<$b> for $a {
            type Output = Var;
            #[track_caller]
            #[allow(clippy::needless_borrow)] // The same body serves values and references.
            fn $method(self, other: $b) -> Var {
                $method(&self, &other)
            }
        }
    };
    (@scalar $trait:ident, $method:ident, $a:ty, |$x:ident, $s:ident| $scalar:expr) => {
        impl $trait<f64> for $a {
            type Output = Var;
            #[track_caller]
            fn $method(self, $s: f64) -> Var {
                let $x = &self;
                $scalar
            }
        }
    };
}

operator!(Add, add, |x, s| x.affine(1.0, s));
operator!(Sub, sub, |x, s| x.affine(1.0, -s));
operator!(Mul, mul, |x, s| x.affine(s, 0.0));
operator!(Div, div, |x, s| x.affine(1.0 / s, 0.0));

impl Neg for &Var {
    type Output = Var;
    #[track_caller]
    fn neg(self) -> Var {
        self.affine(-1.0, 0.0)
    }
}

impl Neg for Var {
    type Output = Var;
    #[track_caller]
    fn neg(self) -> Var {
        self.affine(-1.0, 0.0)
    }
}
