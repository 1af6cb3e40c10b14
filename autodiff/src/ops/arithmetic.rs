//! Sums, differences, products and quotients, with broadcasting; the engine sums the cotangents
//! of repeated axes back.

use std::ops::{Add, Div, Mul, Neg, Sub};

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
