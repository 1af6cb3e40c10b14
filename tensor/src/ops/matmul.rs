//! Matrix products over the last two axes, with broadcast leading axes.

use crate::cpu::gemm::{Gemm, Matrix};
use crate::cpu::parallel;
use crate::gpu::gemm::Operand;
use crate::gpu::{self, Gpu, GpuBuffer, Word};
use crate::operation::{Operation, run};
use crate::walk::{self, Walk};
use crate::{Float, Shape, Tensor, check};

/// `batch` products of `[m, k]` and `[k, n]`, stored transposed where a flag says so.
struct Matmul {
    m: usize,
    n: usize,
    k: usize,
    transpose_a: bool,
    transpose_b: bool,
    batch: usize,
    /// Over the leading axes, in elements: where the matrices of each product begin.
    walks: Vec<Walk>,
}

// ANCHOR: kernels
impl Operation<2, 1> for Matmul {
    const NAME: &'static str = "matmul";

    fn flops(&self) -> f64 {
        2.0 * (self.batch * self.m * self.n * self.k) as f64
    }

    fn cpu<T: Float>(&self, [a, b]: [&[T]; 2], [y]: [&mut [T]; 1]) {
        let Matmul { m, n, k, .. } = *self;
        parallel::pieces(y, (m * n).max(1), |i, y| {
            let (at_a, at_b) = walk::at(&self.walks, i);
            let a = &a[at_a..][..m * k];
            let b = &b[at_b..][..k * n];
            T::gemm(Gemm {
                m,
                n,
                k,
                a: Matrix::new(a, if self.transpose_a { m } else { k }, self.transpose_a),
                b: Matrix::new(b, if self.transpose_b { k } else { n }, self.transpose_b),
                c: y,
                accumulate: false,
                parallel: self.batch == 1,
            });
        });
    }

    fn gpu(&self, gpu: &Gpu, [a, b]: [&GpuBuffer; 2], [y]: [&GpuBuffer; 1]) {
        let Matmul { m, n, k, .. } = *self;
        let (a_row, a_column) = if self.transpose_a { (1, m) } else { (k, 1) };
        let (b_row, b_column) = if self.transpose_b { (1, k) } else { (n, 1) };
        let strides = [a_row, a_column, b_row, b_column].map(Word::word);
        let matrix = |name, buffer, along_k, row| Operand { name, buffer, along_k, row };
        let product = gpu::gemm::Gemm {
            name: Self::NAME,
            wgsl: concat!(
                include_str!("../gpu/gemm.wgsl"),
                include_str!("../gpu/walk.wgsl"),
                include_str!("matmul.wgsl")
            ),
            paste: format!("const RANK = {}u;", self.walks.len()),
            batch: self.batch,
            m,
            n,
            k,
            a: matrix("a", a, !self.transpose_a, a_row.max(a_column)),
            b: matrix("b", b, self.transpose_b, b_row.max(b_column)),
            bias: None,
            y: "y",
            params: &[&walk::words(&self.walks)[..], &strides].concat(),
        };
        product.launch(gpu, y);
    }
}
// ANCHOR_END: kernels

impl Tensor {
    /// `a b`: `[…, m, k] × […, k, n] → […, m, n]`; leading axes broadcast.
    ///
    /// # Panics
    /// Where an operand has fewer than two axes, the inner dimensions differ, or the leading
    /// axes do not broadcast.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let a = Tensor::from_slice(&Device::cpu(), [1, 2], &[1.0, 2.0]);
    /// let b = Tensor::from_slice(&Device::cpu(), [2, 1], &[3.0, 4.0]);
    /// assert_eq!(a.matmul(&b).item(), 11.0);
    /// ```
    #[track_caller]
    pub fn matmul(&self, b: &Tensor) -> Tensor {
        self.matmul_with(b, false, false)
    }

    /// `a bᵀ`: `[…, m, k] × […, n, k] → […, m, n]`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.matmul_nt(&x).to_vec::<f32>(), [5.0, 11.0, 11.0, 25.0]);
    /// ```
    #[track_caller]
    pub fn matmul_nt(&self, b: &Tensor) -> Tensor {
        self.matmul_with(b, false, true)
    }

    /// `aᵀ b`: `[…, k, m] × […, k, n] → […, m, n]`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.matmul_tn(&x).to_vec::<f32>(), [10.0, 14.0, 14.0, 20.0]);
    /// ```
    #[track_caller]
    pub fn matmul_tn(&self, b: &Tensor) -> Tensor {
        self.matmul_with(b, true, false)
    }

    /// The product with either operand's last two axes exchanged.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.matmul_with(&x, true, true).to_vec::<f32>(), [7.0, 15.0, 10.0, 22.0]);
    /// ```
    #[track_caller]
    pub fn matmul_with(&self, b: &Tensor, transpose_a: bool, transpose_b: bool) -> Tensor {
        let a = self;
        if a.shape().rank() < 2 || b.shape().rank() < 2 {
            check::fail("matmul", &[a, b], "both need at least two axes");
        }
        let split = |x: &Tensor, transposed: bool| {
            let (leading, last) = x.shape().split_at(x.shape().rank() - 2);
            let (rows, columns) = if transposed { (last[1], last[0]) } else { (last[0], last[1]) };
            (Shape::from(leading), rows, columns)
        };
        let (mut leading_a, mut m, k) = split(a, transpose_a);
        let (leading_b, k_b, n) = split(b, transpose_b);
        if k != k_b {
            check::fail("matmul", &[a, b], format_args!("inner dimensions {k} and {k_b} differ"));
        }
        let Some(leading) = leading_a.broadcast(&leading_b) else {
            check::fail("matmul", &[a, b], "the leading axes do not broadcast")
        };
        let mut shape = leading.to_vec();
        shape.extend([m, n]);
        // Many vectors through one matrix are one product, not one for each leading index.
        if !transpose_a && leading_b.elements() == 1 && leading == leading_a {
            m *= leading_a.elements();
            leading_a = Shape::from([]);
        }
        let leading = leading_a.broadcast(&leading_b).expect("they broadcast before");
        let mut walks = walk::broadcast(&leading, &leading_a, &leading_b);
        for walk in &mut walks {
            (walk.a, walk.b) = (walk.a * m * k, walk.b * k * n);
        }
        let batch = leading.elements();
        let operation = Matmul { m, n, k, transpose_a, transpose_b, batch, walks };
        let [y] = run(&operation, [a, b], [shape.into()]);
        y
    }
}
