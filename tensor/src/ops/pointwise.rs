//! Functions of one element: `y[i] = f(x[i])`.

use crate::cpu::{functions, parallel};
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Float, Tensor, check};

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

/// Declares a function of `x` alone: its type, its name and its meaning, twice.
macro_rules! function {
    ($type:ident, $name:literal, $wgsl:literal, |$x:ident| $of:expr) => {
        struct $type;

        impl Function for $type {
            const NAME: &'static str = $name;
            const WGSL: &'static str = $wgsl;
            #[inline(always)] // or the loop around it is not vectorised
            fn of<T: Float>(&self, $x: T) -> T {
                $of
            }
        }
    };
}

function!(Abs, "abs", "abs(x)", |x| x.abs());
function!(Cos, "cos", "wave(x, 1u)", |x| x.cos());
function!(Exp, "exp", "exp(x)", |x| x.exp());
function!(Gelu, "gelu", "x * normal(x).x", |x| x * x.normal()[0]);
function!(Log, "log", "log(x)", |x| x.ln());
// Not `max`, which would turn a NaN into 0 and hide where it came from.
function!(Relu, "relu", "select(x, 0.0, x < 0.0)", |x| if x < T::zero() { T::zero() } else { x });
function!(Sigmoid, "sigmoid", "sigmoid(x)", |x| functions::sigmoid(x));
function!(Silu, "silu", "x * sigmoid(x)", |x| x * functions::sigmoid(x));
function!(Sin, "sin", "wave(x, 0u)", |x| x.sin());
function!(Sqrt, "sqrt", "sqrt(x)", |x| x.sqrt());
function!(Tanh, "tanh", "hyperbolic_tangent(x)", |x| x.tanh());

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

struct Clamp {
    low: f64,
    high: f64,
}

impl Function for Clamp {
    const NAME: &'static str = "clamp";
    const WGSL: &'static str = "select(select(x, b, x > b), a, x < a)";
    fn of<T: Float>(&self, x: T) -> T {
        let (low, high) = (T::from_f64(self.low), T::from_f64(self.high));
        let x = if x > high { high } else { x };
        if x < low { low } else { x }
    }
    fn parameters(&self) -> [f32; 2] {
        [self.low as f32, self.high as f32]
    }
}

struct Powf {
    exponent: f64,
}

impl Function for Powf {
    const NAME: &'static str = "powf";
    const WGSL: &'static str = "power(x, a)";
    fn of<T: Float>(&self, x: T) -> T {
        x.powf(T::from_f64(self.exponent))
    }
    fn parameters(&self) -> [f32; 2] {
        [self.exponent as f32, 0.0]
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
            wgsl: concat!(include_str!("../gpu/functions.wgsl"), include_str!("pointwise.wgsl")),
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
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[1.0, 2.0]);
    /// assert_eq!(x.affine(2.0, 0.5).to_vec::<f32>(), [2.5, 4.5]);
    /// ```
    pub fn affine(&self, scale: f64, shift: f64) -> Tensor {
        self.pointwise(Affine { scale, shift })
    }

    /// `eˣ`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[0.0, 0.0]);
    /// assert_eq!(x.exp().to_vec::<f32>(), [1.0, 1.0]);
    /// ```
    pub fn exp(&self) -> Tensor {
        self.pointwise(Exp)
    }

    /// The natural logarithm.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[1.0, 0.0]);
    /// assert_eq!(x.log().to_vec::<f32>(), [0.0, f32::NEG_INFINITY]);
    /// ```
    pub fn log(&self) -> Tensor {
        self.pointwise(Log)
    }

    /// The square root.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[4.0, 9.0]);
    /// assert_eq!(x.sqrt().to_vec::<f32>(), [2.0, 3.0]);
    /// ```
    pub fn sqrt(&self) -> Tensor {
        self.pointwise(Sqrt)
    }

    /// `max(x, 0)`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[-1.0, 2.0]);
    /// assert_eq!(x.relu().to_vec::<f32>(), [0.0, 2.0]);
    /// ```
    pub fn relu(&self) -> Tensor {
        self.pointwise(Relu)
    }

    /// `|x|`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[-3.0, 2.0]);
    /// assert_eq!(x.abs().to_vec::<f32>(), [3.0, 2.0]);
    /// ```
    pub fn abs(&self) -> Tensor {
        self.pointwise(Abs)
    }

    /// The sine of an angle in radians. On a GPU its error stays below 1e-6 for angles of up to
    /// some thousands.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// assert_eq!(Tensor::zeros(&Device::cpu(), [1]).sin().item(), 0.0);
    /// ```
    pub fn sin(&self) -> Tensor {
        self.pointwise(Sin)
    }

    /// The cosine of an angle in radians; see [`sin`](Tensor::sin).
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// assert_eq!(Tensor::zeros(&Device::cpu(), [1]).cos().item(), 1.0);
    /// ```
    pub fn cos(&self) -> Tensor {
        self.pointwise(Cos)
    }

    /// The hyperbolic tangent.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[-100.0, 0.0, 100.0]);
    /// assert_eq!(x.tanh().to_vec::<f32>(), [-1.0, 0.0, 1.0]);
    /// ```
    pub fn tanh(&self) -> Tensor {
        self.pointwise(Tanh)
    }

    /// `1 / (1 + e⁻ˣ)`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[-100.0, 0.0, 100.0]);
    /// assert_eq!(x.sigmoid().to_vec::<f32>(), [0.0, 0.5, 1.0]);
    /// ```
    pub fn sigmoid(&self) -> Tensor {
        self.pointwise(Sigmoid)
    }

    /// `x Φ(x)`, `Φ` the distribution of the standard normal: `x/2 (1 + erf(x / √2))`, computed
    /// so that its small values for `x < 0` keep their digits (Hendrycks & Gimpel 2016).
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::reference(), [1], &[1.0]);
    /// assert!((x.gelu().item() - 0.8413447460685429).abs() < 1e-15);
    /// ```
    pub fn gelu(&self) -> Tensor {
        self.pointwise(Gelu)
    }

    /// `x / (1 + e⁻ˣ)`, also called swish (Hendrycks & Gimpel 2016, section 2).
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[0.0, 100.0]);
    /// assert_eq!(x.silu().to_vec::<f32>(), [0.0, 100.0]);
    /// ```
    pub fn silu(&self) -> Tensor {
        self.pointwise(Silu)
    }

    /// `x`, or the bound that it lies beyond; a NaN stays.
    ///
    /// # Panics
    /// Where `low ≤ high` does not hold.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[-3.0, 0.5, 2.0]);
    /// assert_eq!(x.clamp(0.0, 1.0).to_vec::<f32>(), [0.0, 0.5, 1.0]);
    /// ```
    #[track_caller]
    pub fn clamp(&self, low: f64, high: f64) -> Tensor {
        let ordered = low <= high;
        if !ordered {
            check::fail("clamp", &[self], format_args!("{low} to {high} is no range"));
        }
        self.pointwise(Clamp { low, high })
    }

    /// `x` to a power: a product for whole exponents, of negative `x` too; NaN for the roots of
    /// negative `x`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[-2.0, 3.0]);
    /// assert_eq!(x.powf(3.0).to_vec::<f32>(), [-8.0, 27.0]);
    /// ```
    pub fn powf(&self, exponent: f64) -> Tensor {
        self.pointwise(Powf { exponent })
    }
}
