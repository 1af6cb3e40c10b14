//! Functions of two elements, with NumPy's broadcasting: `y[i] = f(a[i], b[i])`.

use crate::cpu::{functions, parallel};
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::walk::{self, Walk};
use crate::{Float, Tensor, check};

/// A function of two elements, in Rust and in WGSL.
pub(super) trait Function {
    const NAME: &'static str;
    /// An expression in `a` and `b`.
    const WGSL: &'static str;
    fn of<T: Float>(a: T, b: T) -> T;
}

/// Declares a function of two elements: its type, its name and its meaning, twice.
macro_rules! function {
    ($type:ident, $name:literal, $wgsl:literal, |$a:ident, $b:ident| $of:expr) => {
        pub(super) struct $type;

        impl Function for $type {
            const NAME: &'static str = $name;
            const WGSL: &'static str = $wgsl;
            #[inline(always)] // For the loops' sake.
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
function!(PowOp, "pow", "power(a, b)", |a, b| a.powf(b));

function!(MaximumOp, "maximum", "larger(a, b)", |a, b| functions::larger(a, b));
function!(MinimumOp, "minimum", "smaller(a, b)", |a, b| functions::smaller(a, b));

function!(GtOp, "gt", "select(0.0, 1.0, a > b)", |a, b| truth(a > b));
function!(GeOp, "ge", "select(0.0, 1.0, a >= b)", |a, b| truth(a >= b));
function!(LtOp, "lt", "select(0.0, 1.0, a < b)", |a, b| truth(a < b));
function!(LeOp, "le", "select(0.0, 1.0, a <= b)", |a, b| truth(a <= b));
function!(EqOp, "eq", "select(0.0, 1.0, a == b)", |a, b| truth(a == b));
// Not by WGSL's `!=`, which leaves open whether a NaN differs from itself.
function!(NeOp, "ne", "select(1.0, 0.0, a == b)", |a, b| truth(a != b));

function!(MaximumGrad, "maximum_grad", "select(0.0, select(0.5, 1.0, a > b), a >= b)", |a, b| {
    T::from_f64(0.5) * (truth::<T>(a > b) + truth(a >= b))
});
function!(ReluGrad, "relu_grad", "select(0.0, b, a > 0.0)", |a, b| {
    if a > T::zero() { b } else { T::zero() }
});
function!(AbsGrad, "abs_grad", "sign(a) * b", |a, b| {
    if a == T::zero() { T::zero() } else { a.signum() * b }
});
function!(TanhGrad, "tanh_grad", "4.0 * sigmoid_slope(2.0 * a) * b", |a, b| {
    T::from_f64(4.0) * functions::sigmoid_slope(a + a) * b
});
function!(SigmoidGrad, "sigmoid_grad", "sigmoid_slope(a) * b", |a, b| {
    functions::sigmoid_slope(a) * b
});
function!(SiluGrad, "silu_grad", "silu_slope(a) * b", |a, b| {
    let s = functions::sigmoid(a);
    s * (T::one() + a * (T::one() - s)) * b
});
function!(GeluGrad, "gelu_grad", "gelu_slope(a) * b", |a, b| {
    let [distribution, density] = a.normal();
    (distribution + a * density) * b
});

fn truth<T: Float>(holds: bool) -> T {
    if holds { T::one() } else { T::zero() }
}

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
            let starts = walk::starts(outer, i * rows);
            for (y, (at_a, at_b)) in y.chunks_mut(inner.length).zip(starts) {
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
            wgsl: concat!(
                include_str!("../gpu/walk.wgsl"),
                include_str!("../gpu/functions.wgsl"),
                include_str!("arithmetic.wgsl")
            ),
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
    pub(super) fn binary<F: Function>(&self, other: &Tensor) -> Tensor {
        let Some(shape) = self.shape().broadcast(other.shape()) else {
            check::fail(F::NAME, &[self, other], "these shapes do not broadcast")
        };
        let walks = walk::broadcast(&shape, self.shape(), other.shape());
        let operation = Binary::<F> { walks, function: std::marker::PhantomData };
        let [y] = run(&operation, [self, other], [shape]);
        y
    }

    /// `self` to the power `other`, element by element; see [`powf`](Tensor::powf).
    ///
    /// # Panics
    /// Where the shapes do not broadcast, as in every function of two tensors.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[-2.0, 3.0]);
    /// let p = Tensor::from_slice(&Device::cpu(), [2], &[3.0, 2.0]);
    /// assert_eq!(x.pow(&p).to_vec::<f32>(), [-8.0, 9.0]);
    /// ```
    #[track_caller]
    pub fn pow(&self, other: &Tensor) -> Tensor {
        self.binary::<PowOp>(other)
    }

    /// The larger of the two; a NaN on either side stays visible.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[-2.0, 3.0]);
    /// assert_eq!(x.maximum(&Tensor::scalar(x.device(), 1.0)).to_vec::<f32>(), [1.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn maximum(&self, other: &Tensor) -> Tensor {
        self.binary::<MaximumOp>(other)
    }

    /// The smaller of the two; a NaN on either side stays visible.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[-2.0, 3.0]);
    /// assert_eq!(x.minimum(&Tensor::scalar(x.device(), 1.0)).to_vec::<f32>(), [-2.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn minimum(&self, other: &Tensor) -> Tensor {
        self.binary::<MinimumOp>(other)
    }

    /// 1 where `self > other`, else 0; with a NaN it does not hold.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[-1.0, 0.0, 2.0]);
    /// assert_eq!(x.gt(&Tensor::zeros(x.device(), [])).to_vec::<f32>(), [0.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn gt(&self, other: &Tensor) -> Tensor {
        self.binary::<GtOp>(other)
    }

    /// 1 where `self ≥ other`, else 0; with a NaN it does not hold.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[-1.0, 0.0, 2.0]);
    /// assert_eq!(x.ge(&Tensor::zeros(x.device(), [])).to_vec::<f32>(), [0.0, 1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn ge(&self, other: &Tensor) -> Tensor {
        self.binary::<GeOp>(other)
    }

    /// 1 where `self < other`, else 0; with a NaN it does not hold.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[-1.0, 0.0, 2.0]);
    /// assert_eq!(x.lt(&Tensor::zeros(x.device(), [])).to_vec::<f32>(), [1.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn lt(&self, other: &Tensor) -> Tensor {
        self.binary::<LtOp>(other)
    }

    /// 1 where `self ≤ other`, else 0; with a NaN it does not hold.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[-1.0, 0.0, 2.0]);
    /// assert_eq!(x.le(&Tensor::zeros(x.device(), [])).to_vec::<f32>(), [1.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn le(&self, other: &Tensor) -> Tensor {
        self.binary::<LeOp>(other)
    }

    /// 1 where `self = other`, else 0; with a NaN it does not hold.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[-1.0, 0.0, 2.0]);
    /// assert_eq!(x.eq(&Tensor::zeros(x.device(), [])).to_vec::<f32>(), [0.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn eq(&self, other: &Tensor) -> Tensor {
        self.binary::<EqOp>(other)
    }

    /// 1 where `self ≠ other`, else 0; a NaN differs from everything.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[-1.0, 0.0, 2.0]);
    /// assert_eq!(x.ne(&Tensor::zeros(x.device(), [])).to_vec::<f32>(), [1.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn ne(&self, other: &Tensor) -> Tensor {
        self.binary::<NeOp>(other)
    }

    /// `dy` where `self > 0`, else 0: the cotangent of [`relu`](Tensor::relu), by its output.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[-1.0, 2.0]);
    /// assert_eq!(x.relu_grad(&x).to_vec::<f32>(), [0.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn relu_grad(&self, dy: &Tensor) -> Tensor {
        self.binary::<ReluGrad>(dy)
    }

    /// The share of [`maximum`](Tensor::maximum)'s cotangent that goes to `self`: 1 where it is
    /// larger, ½ where both are equal, else 0.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[-1.0, 0.0, 2.0]);
    /// let zero = Tensor::zeros(x.device(), []);
    /// assert_eq!(x.maximum_grad(&zero).to_vec::<f32>(), [0.0, 0.5, 1.0]);
    /// ```
    #[track_caller]
    pub fn maximum_grad(&self, other: &Tensor) -> Tensor {
        self.binary::<MaximumGrad>(other)
    }

    /// `dy` by the sign of `self`, 0 at 0: the cotangent of [`abs`](Tensor::abs), by its input.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[-3.0, 0.0, 2.0]);
    /// assert_eq!(x.abs_grad(&Tensor::ones(x.device(), [3])).to_vec::<f32>(), [-1.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn abs_grad(&self, dy: &Tensor) -> Tensor {
        self.binary::<AbsGrad>(dy)
    }

    /// `(1 − tanh² x) dy`: the cotangent of [`tanh`](Tensor::tanh), by its input `x = self`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[0.0, 100.0]);
    /// assert_eq!(x.tanh_grad(&Tensor::ones(x.device(), [2])).to_vec::<f32>(), [1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn tanh_grad(&self, dy: &Tensor) -> Tensor {
        self.binary::<TanhGrad>(dy)
    }

    /// `s (1 − s) dy`, `s` the sigmoid of `x`: the cotangent of [`sigmoid`](Tensor::sigmoid), by
    /// its input `x = self`; by its output it would lose its digits where `s` is nearly 1.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[0.0, 100.0]);
    /// assert_eq!(x.sigmoid_grad(&Tensor::ones(x.device(), [2])).to_vec::<f32>()[0], 0.25);
    /// ```
    #[track_caller]
    pub fn sigmoid_grad(&self, dy: &Tensor) -> Tensor {
        self.binary::<SigmoidGrad>(dy)
    }

    /// `s (1 + x (1 − s)) dy`, `s` the sigmoid of `x`: the cotangent of [`silu`](Tensor::silu), by
    /// its input `x = self`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[0.0, 100.0]);
    /// assert_eq!(x.silu_grad(&Tensor::ones(x.device(), [2])).to_vec::<f32>(), [0.5, 1.0]);
    /// ```
    #[track_caller]
    pub fn silu_grad(&self, dy: &Tensor) -> Tensor {
        self.binary::<SiluGrad>(dy)
    }

    /// `(Φ(x) + x φ(x)) dy`: the cotangent of [`gelu`](Tensor::gelu), by its input `x = self`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[0.0, 100.0]);
    /// assert_eq!(x.gelu_grad(&Tensor::ones(x.device(), [2])).to_vec::<f32>(), [0.5, 1.0]);
    /// ```
    #[track_caller]
    pub fn gelu_grad(&self, dy: &Tensor) -> Tensor {
        self.binary::<GeluGrad>(dy)
    }
}
