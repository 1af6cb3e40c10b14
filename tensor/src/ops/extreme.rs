//! Maxima and minima over any axes, and the search for what is not finite.

use std::marker::PhantomData;

use crate::cpu::{functions, parallel};
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::span::{self, Span};
use crate::{Float, Shape, Tensor, check};

/// Chooses one of two elements, in Rust and in WGSL; the order of choices must not matter.
trait Choice {
    const NAME: &'static str;
    /// An expression in `a` and `b`.
    const WGSL: &'static str;
    fn of<T: Float>(a: T, b: T) -> T;
}

struct Max;

impl Choice for Max {
    const NAME: &'static str = "max";
    const WGSL: &'static str = "larger(a, b)";
    fn of<T: Float>(a: T, b: T) -> T {
        functions::larger(a, b)
    }
}

struct Min;

impl Choice for Min {
    const NAME: &'static str = "min";
    const WGSL: &'static str = "smaller(a, b)";
    fn of<T: Float>(a: T, b: T) -> T {
        functions::smaller(a, b)
    }
}

/// An element that is not finite, if there is one.
struct NotFinite;

impl Choice for NotFinite {
    const NAME: &'static str = "is_finite";
    // By the exponent's bits: arithmetic on what is not finite may be simplified away.
    const WGSL: &'static str = "select(b, a, (bitcast<u32>(b) & 0x7f800000u) != 0x7f800000u)";
    fn of<T: Float>(a: T, b: T) -> T {
        if b.is_finite() { a } else { b }
    }
}

/// The chosen element of each slice along the middle axis, which is not empty.
struct Choose<C> {
    span: Span,
    choice: PhantomData<C>,
}

impl<C: Choice> Operation<1, 1> for Choose<C> {
    const NAME: &'static str = C::NAME;

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        let Span { outer, reduced, inner } = self.span;
        if y.is_empty() {
            return;
        }
        if outer == 1 {
            let block = (parallel::PIECE / inner).max(1) * inner;
            let chosen = parallel::map(x.len().div_ceil(block), |i| {
                let mut chosen = vec![T::zero(); inner];
                choose::<T, C>(&x[i * block..x.len().min((i + 1) * block)], &mut chosen);
                chosen
            });
            return choose::<T, C>(&chosen.concat(), y);
        }
        let slab = reduced * inner;
        let slabs = (parallel::PIECE / slab).max(1);
        parallel::pieces(y, slabs * inner, |i, y| {
            for (j, y) in y.chunks_mut(inner).enumerate() {
                choose::<T, C>(&x[(i * slabs + j) * slab..][..slab], y);
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        /// Elements among which one invocation chooses.
        const SHARE: usize = 64;
        let Span { outer, reduced, inner } = self.span;
        let blocks = reduced.div_ceil(SHARE);
        let n = outer * blocks * inner;
        let chosen = (blocks > 1).then(|| gpu.allocate(n));
        gpu.launch(Launch {
            name: C::NAME,
            wgsl: concat!(include_str!("../gpu/functions.wgsl"), include_str!("extreme.wgsl")),
            paste: &format!("fn choose(a: f32, b: f32) -> f32 {{ return {}; }}", C::WGSL),
            inputs: &[x],
            outputs: &[chosen.as_ref().unwrap_or(y)],
            params: &[n, reduced, blocks, inner].map(Word::word),
            grid: Grid::threads(n),
        });
        if let Some(chosen) = chosen {
            let span = Span { reduced: blocks, ..self.span };
            Choose::<C> { span, choice: PhantomData }.gpu(gpu, [&chosen], [y]);
        }
    }
}

/// Puts into `y` what is chosen column by column from the rows of `x`, each as long as `y`.
fn choose<T: Float, C: Choice>(x: &[T], y: &mut [T]) {
    if let [y] = y {
        // In lanes that the compiler keeps in a vector register.
        let mut lanes = [x[0]; 16];
        for x in x.chunks(lanes.len()) {
            for (lane, &x) in lanes.iter_mut().zip(x) {
                *lane = C::of(*lane, x);
            }
        }
        *y = lanes.into_iter().fold(x[0], C::of);
        return;
    }
    let mut rows = x.chunks_exact(y.len());
    y.copy_from_slice(rows.next().expect("at least one row"));
    for row in rows {
        for (y, &x) in y.iter_mut().zip(row) {
            *y = C::of(*y, x);
        }
    }
}

impl Tensor {
    /// The largest element over the given axes, which keep length 1 if `keepdim` and vanish
    /// otherwise; NaN where there is one.
    ///
    /// # Panics
    /// Where an axis is not there, is named twice or is empty.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 4.0, 3.0, 2.0]);
    /// assert_eq!(x.max(&[-1], false).to_vec::<f32>(), [4.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn max(&self, axes: &[isize], keepdim: bool) -> Tensor {
        self.choose_over::<Max>(axes, keepdim)
    }

    /// The smallest element over the given axes; see [`max`](Tensor::max).
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 4.0, 3.0, 2.0]);
    /// assert_eq!(x.min(&[0, 1], false).item(), 1.0);
    /// ```
    #[track_caller]
    pub fn min(&self, axes: &[isize], keepdim: bool) -> Tensor {
        self.choose_over::<Min>(axes, keepdim)
    }

    #[track_caller]
    fn choose_over<C: Choice>(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let axes = check::filled_axes(C::NAME, self, axes);
        span::reduce(self, &axes, keepdim, |x, span, shape| {
            let [y] = run(&Choose::<C> { span, choice: PhantomData }, [x], [shape]);
            y
        })
    }

    /// Whether every value is finite; a GPU finds out by itself and one number is read.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[0.0, 1.0]);
    /// assert!(x.is_finite() && !x.log().is_finite());
    /// ```
    pub fn is_finite(&self) -> bool {
        if self.shape().elements() == 0 {
            return true;
        }
        let operation = Choose::<NotFinite> { span: Span::all(self), choice: PhantomData };
        let [witness] = run(&operation, [self], [Shape::from([])]);
        witness.item().is_finite()
    }
}
