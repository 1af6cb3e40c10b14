//! A linear map of rows of features, `y = x w + b`.

use crate::cpu::gemm::{Gemm, Matrix};
use crate::cpu::parallel;
use crate::gpu::gemm::Operand;
use crate::gpu::{self, Gpu, GpuBuffer};
use crate::operation::{Operation, run};
use crate::{Float, Tensor, check};

/// Rows of a block: long enough to be worth the packing of `w`, which each begins with.
const BLOCK: usize = 256;

/// `rows` rows of `k` features become rows of `n`.
struct Linear {
    rows: usize,
    k: usize,
    n: usize,
}

impl Operation<3, 1> for Linear {
    const NAME: &'static str = "linear";

    fn flops(&self) -> f64 {
        2.0 * (self.rows * self.k * self.n) as f64
    }

    // ANCHOR: cpu
    fn cpu<T: Float>(&self, [x, w, b]: [&[T]; 3], [y]: [&mut [T]; 1]) {
        let Linear { rows, k, n } = *self;
        // The product is added to the bias, which is written a block ahead of it: a pass over all
        // of `y` would find none of it in a cache.
        let block = if rows < 8 * BLOCK { rows } else { BLOCK };
        parallel::pieces(y, block * n, |i, y| {
            y.chunks_exact_mut(n).for_each(|row| row.copy_from_slice(b));
            T::gemm(Gemm {
                m: y.len() / n,
                n,
                k,
                a: Matrix::new(&x[i * block * k..], k, false),
                b: Matrix::new(w, n, false),
                c: y,
                accumulate: true,
                parallel: block == rows,
            });
        });
    }
    // ANCHOR_END: cpu

    fn gpu(&self, gpu: &Gpu, [x, w, b]: [&GpuBuffer; 3], [y]: [&GpuBuffer; 1]) {
        let Linear { rows, k, n } = *self;
        let product = gpu::gemm::Gemm {
            name: Self::NAME,
            wgsl: concat!(include_str!("../gpu/gemm.wgsl"), include_str!("linear.wgsl")),
            paste: String::new(),
            batch: 1,
            m: rows,
            n,
            k,
            a: Operand { name: "x", buffer: x, along_k: true, row: k },
            b: Operand { name: "w", buffer: w, along_k: false, row: n },
            bias: Some(b),
            y: "y",
            params: &[],
        };
        product.launch(gpu, y);
    }
}

impl Tensor {
    /// `x w + b`: `[…, k] × [k, n] + [n] → […, n]`.
    ///
    /// # Panics
    /// Where the shapes do not fit.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [1, 2], &[1.0, 2.0]);
    /// let w = Tensor::ones(x.device(), [2, 3]);
    /// let b = Tensor::from_slice(x.device(), [3], &[0.0, 10.0, 20.0]);
    /// assert_eq!(x.linear(&w, &b).to_vec::<f32>(), [3.0, 13.0, 23.0]);
    /// ```
    #[track_caller]
    pub fn linear(&self, w: &Tensor, b: &Tensor) -> Tensor {
        check::rank("linear", w, 2, "[in, out]");
        let &[k, n] = w.shape().as_slice() else { unreachable!("the rank is 2") };
        if self.shape().rank() == 0 || self.shape().features() != k {
            check::fail("linear", &[self, w], format_args!("expected rows of {k} features"));
        }
        check::shape("linear", b, [n]);
        let mut shape = self.shape().to_vec();
        *shape.last_mut().expect("the rank is at least 1") = n;
        let rows = self.shape().rows();
        if rows == 0 || k == 0 || n == 0 {
            return b.broadcast_to(&shape.into());
        }
        let [y] = run(&Linear { rows, k, n }, [self, w, b], [shape.into()]);
        y
    }
}
