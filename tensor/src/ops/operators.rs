//! The operators of Rust on tensors: `&a + &b`, and the same with a number on the right.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::Tensor;
use crate::ops::arithmetic::{AddOp, DivOp, MulOp, SubOp};

/// `&a + &b` and its by-value forms, and the same with a number on the right.
macro_rules! operator {
    ($trait:ident, $method:ident, $function:ty, |$x:ident, $s:ident| $scalar:expr) => {
        impl $trait<&Tensor> for &Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: &Tensor) -> Tensor {
                self.binary::<$function>(other)
            }
        }
        impl $trait<Tensor> for Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: Tensor) -> Tensor {
                self.binary::<$function>(&other)
            }
        }
        impl $trait<&Tensor> for Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: &Tensor) -> Tensor {
                self.binary::<$function>(other)
            }
        }
        impl $trait<Tensor> for &Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: Tensor) -> Tensor {
                self.binary::<$function>(&other)
            }
        }
        impl $trait<f64> for &Tensor {
            type Output = Tensor;
            fn $method(self, $s: f64) -> Tensor {
                let $x = self;
                $scalar
            }
        }
        impl $trait<f64> for Tensor {
            type Output = Tensor;
            fn $method(self, $s: f64) -> Tensor {
                let $x = &self;
                $scalar
            }
        }
    };
}

operator!(Add, add, AddOp, |x, s| x.affine(1.0, s));
operator!(Sub, sub, SubOp, |x, s| x.affine(1.0, -s));
operator!(Mul, mul, MulOp, |x, s| x.affine(s, 0.0));
operator!(Div, div, DivOp, |x, s| x.affine(1.0 / s, 0.0));

impl Neg for &Tensor {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        self.affine(-1.0, 0.0)
    }
}

impl Neg for Tensor {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        -&self
    }
}
