//! Matrix products over the last two axes, with broadcast leading axes.

use crate::cpu::gemm::{Gemm, Matrix};
use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer};
use crate::operation::{Operation, run};
use crate::{Float, Shape, Tensor, check};

/// `batch` products of `[m, k]` and `[k, n]`, stored transposed where a flag says so.
struct Matmul {
    m: usize,
    n: usize,
    k: usize,
    transpose_a: bool,
    transpose_b: bool,
    /// For each product, which matrix of `a` and which of `b` it multiplies.
    pairs: Vec<(usize, usize)>,
}

impl Operation<2, 1> for Matmul {
    const NAME: &'static str = "matmul";

    fn cpu<T: Float>(&self, [a, b]: [&[T]; 2], [y]: [&mut [T]; 1]) {
        let Matmul { m, n, k, .. } = *self;
        let alone = self.pairs.len() == 1;
        parallel::pieces(y, (m * n).max(1), |i, y| {
            let (of_a, of_b) = self.pairs[i];
            let a = &a[of_a * m * k..][..m * k];
            let b = &b[of_b * k * n..][..k * n];
            T::gemm(Gemm {
                m,
                n,
                k,
                a: Matrix::new(a, if self.transpose_a { m } else { k }, self.transpose_a),
                b: Matrix::new(b, if self.transpose_b { k } else { n }, self.transpose_b),
                c: y,
                accumulate: false,
                parallel: alone,
            });
        });
    }

    fn gpu(&self, _gpu: &Gpu, _: [&GpuBuffer; 2], _: [&GpuBuffer; 1]) {
        todo!()
    }
}

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
    #[track_caller]
    pub fn matmul_nt(&self, b: &Tensor) -> Tensor {
        self.matmul_with(b, false, true)
    }

    /// `aᵀ b`: `[…, k, m] × […, k, n] → […, m, n]`.
    #[track_caller]
    pub fn matmul_tn(&self, b: &Tensor) -> Tensor {
        self.matmul_with(b, true, false)
    }

    /// The product with either operand's last two axes exchanged.
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
        let pairs = pairs(&leading_a, &leading_b);
        let operation = Matmul { m, n, k, transpose_a, transpose_b, pairs };
        let [y] = run(&operation, [a, b], [shape.into()]);
        y
    }
}

/// For each index of the broadcast leading axes, the matrix of either side.
fn pairs(a: &Shape, b: &Shape) -> Vec<(usize, usize)> {
    let shape = a.broadcast(b).expect("checked by the caller");
    let walks = crate::ops::arithmetic::walks(&shape, a, b);
    (0..shape.elements())
        .map(|index| {
            walks.iter().rev().fold((index, (0, 0)), |(rest, (of_a, of_b)), walk| {
                let step = rest % walk.length;
                (rest / walk.length, (of_a + step * walk.a, of_b + step * walk.b))
            })
        })
        .map(|(_, pair)| pair)
        .collect()
}
