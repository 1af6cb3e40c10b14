//! Functions of two elements, with NumPy's broadcasting: `y[i] = f(a[i], b[i])`.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::walk::{self, Walk};
use crate::{Float, Tensor, check};

/// A function of two elements, in Rust and in WGSL.
trait Function {
    const NAME: &'static str;
    /// An expression in `a` and `b`.
    const WGSL: &'static str;
    fn of<T: Float>(a: T, b: T) -> T;
}

/// Declares a function of two elements: its type, its name and its meaning, twice.
macro_rules! function {
    ($type:ident, $name:literal, $wgsl:literal, |$a:ident, $b:ident| $of:expr) => {
        struct $type;

        impl Function for $type {
            const NAME: &'static str = $name;
            const WGSL: &'static str = $wgsl;
            fn of<T: Float>($a: T, $b: T) -> T {
                $of
            }
        }
    };
}

function!(AddOp, "add", "a + b", |a, b| a + b);
function!(SubOp, "sub", "a - b", |a, b| a - b);
function!(MulOp, "mul", "a * b", |a, b| a * b);
function!(DivOp, "div", "a / b", |a, b| a / b);
function!(ReluGrad, "relu_grad", "select(0.0, b, a > 0.0)", |a, b| {
    if a > T::zero() { b } else { T::zero() }
});

struct Binary<F> {
    walks: Vec<Walk>,
    function: std::marker::PhantomData<F>,
}

impl<F: Function> Operation<2, 1> for Binary<F> {
    const NAME: &'static str = F::NAME;

    fn cpu<T: Float>(&self, [a, b]: [&[T]; 2], [y]: [&mut [T]; 1]) {
        let (inner, outer) = self.walks.split_last().expect("there is at least one walk");
        if outer.is_empty() {
            return parallel::pieces(y, parallel::PIECE, |i, y| {
                let start = i * parallel::PIECE;
                row::<T, F>(*inner, &a[start * inner.a..], &b[start * inner.b..], y);
            });
        }
        let rows = (parallel::PIECE / inner.length.max(1)).max(1);
        parallel::pieces(y, rows * inner.length, |i, y| {
            for (j, y) in y.chunks_mut(inner.length).enumerate() {
                let (at_a, at_b) = walk::at(outer, i * rows + j);
                row::<T, F>(*inner, &a[at_a..], &b[at_b..], y);
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [a, b]: [&GpuBuffer; 2], [y]: [&GpuBuffer; 1]) {
        let paste = format!(
            "const RANK = {}u;\nfn f(a: f32, b: f32) -> f32 {{ return {}; }}",
            self.walks.len(),
            F::WGSL
        );
        gpu.launch(Launch {
            name: F::NAME,
            wgsl: concat!(include_str!("../gpu/walk.wgsl"), include_str!("arithmetic.wgsl")),
            paste: &paste,
            inputs: &[a, b],
            outputs: &[y],
            params: &[walk::words(&self.walks), vec![y.elements().word()]].concat(),
            grid: Grid::threads(y.elements()),
        });
    }
}

/// The innermost walk: strides are 1 or 0, and each case is a loop that the compiler vectorises.
fn row<T: Float, F: Function>(walk: Walk, a: &[T], b: &[T], y: &mut [T]) {
    match (walk.a, walk.b) {
        (0, 0) => y.fill(F::of(a[0], b[0])),
        (0, _) => {
            let a = a[0];
            y.iter_mut().zip(b).for_each(|(y, &b)| *y = F::of(a, b));
        }
        (_, 0) => {
            let b = b[0];
            y.iter_mut().zip(a).for_each(|(y, &a)| *y = F::of(a, b));
        }
        _ => y.iter_mut().zip(a).zip(b).for_each(|((y, &a), &b)| *y = F::of(a, b)),
    }
}

impl Tensor {
    #[track_caller]
    fn binary<F: Function>(&self, other: &Tensor) -> Tensor {
        let Some(shape) = self.shape().broadcast(other.shape()) else {
            check::fail(F::NAME, &[self, other], "these shapes do not broadcast")
        };
        let walks = walk::broadcast(&shape, self.shape(), other.shape());
        let operation = Binary::<F> { walks, function: std::marker::PhantomData };
        let [y] = run(&operation, [self, other], [shape]);
        y
    }

    /// `dy` where `self > 0`, else 0: the cotangent of [`relu`](Tensor::relu), by its output.
    #[track_caller]
    pub fn relu_grad(&self, dy: &Tensor) -> Tensor {
        self.binary::<ReluGrad>(dy)
    }
}

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
