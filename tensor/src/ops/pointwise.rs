//! Functions of one element: `y[i] = f(x[i])`.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Float, Tensor};

/// A function of one element, in Rust and in WGSL.
trait Function {
    const NAME: &'static str;
    /// An expression in `x`, `a` and `b`, the last two from [`parameters`](Self::parameters).
    const WGSL: &'static str;
    fn of<T: Float>(&self, x: T) -> T;
    fn parameters(&self) -> [f32; 2] {
        [0.0, 0.0]
    }
}

struct Affine {
    scale: f64,
    shift: f64,
}

impl Function for Affine {
    const NAME: &'static str = "affine";
    const WGSL: &'static str = "a * x + b";
    fn of<T: Float>(&self, x: T) -> T {
        T::from_f64(self.scale) * x + T::from_f64(self.shift)
    }
    fn parameters(&self) -> [f32; 2] {
        [self.scale as f32, self.shift as f32]
    }
}

struct Exp;

impl Function for Exp {
    const NAME: &'static str = "exp";
    const WGSL: &'static str = "exp(x)";
    fn of<T: Float>(&self, x: T) -> T {
        x.exp()
    }
}

struct Log;

impl Function for Log {
    const NAME: &'static str = "log";
    const WGSL: &'static str = "log(x)";
    fn of<T: Float>(&self, x: T) -> T {
        x.ln()
    }
}

struct Sqrt;

impl Function for Sqrt {
    const NAME: &'static str = "sqrt";
    const WGSL: &'static str = "sqrt(x)";
    fn of<T: Float>(&self, x: T) -> T {
        x.sqrt()
    }
}

struct Relu;

impl Function for Relu {
    const NAME: &'static str = "relu";
    const WGSL: &'static str = "select(x, 0.0, x < 0.0)";
    fn of<T: Float>(&self, x: T) -> T {
        // Not `max`, which would turn a NaN into 0 and hide where it came from.
        if x < T::zero() { T::zero() } else { x }
    }
}

struct Pointwise<F>(F);

impl<F: Function + Sync> Operation<1, 1> for Pointwise<F> {
    const NAME: &'static str = F::NAME;

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        parallel::pieces(y, parallel::PIECE, |i, y| {
            let x = &x[i * parallel::PIECE..][..y.len()];
            for (y, &x) in y.iter_mut().zip(x) {
                *y = self.0.of(x);
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        let [a, b] = self.0.parameters().map(f32::to_bits);
        gpu.launch(Launch {
            name: F::NAME,
            wgsl: include_str!("pointwise.wgsl"),
            paste: &format!("fn f(x: f32, a: f32, b: f32) -> f32 {{ return {}; }}", F::WGSL),
            inputs: &[x],
            outputs: &[y],
            params: &[y.elements().word(), a, b],
            grid: Grid::threads(y.elements()),
        });
    }
}

impl Tensor {
    fn pointwise(&self, f: impl Function + Sync) -> Tensor {
        let [y] = run(&Pointwise(f), [self], [self.shape().clone()]);
        y
    }

    /// `scale · x + shift`.
    pub fn affine(&self, scale: f64, shift: f64) -> Tensor {
        self.pointwise(Affine { scale, shift })
    }

    /// `eˣ`.
    pub fn exp(&self) -> Tensor {
        self.pointwise(Exp)
    }

    /// The natural logarithm.
    pub fn log(&self) -> Tensor {
        self.pointwise(Log)
    }

    /// The square root.
    pub fn sqrt(&self) -> Tensor {
        self.pointwise(Sqrt)
    }

    /// `max(x, 0)`.
    pub fn relu(&self) -> Tensor {
        self.pointwise(Relu)
    }
}
