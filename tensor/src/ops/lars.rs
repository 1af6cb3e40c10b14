//! Layer-wise adaptive rate scaling.

use crate::cpu::{columns, parallel};
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::ops::sgd::Sgd;
use crate::ops::sum::{self, ROW_BLOCK};
use crate::update::{self, Rule};
use crate::{Float, Tensor};

/// `[p, g, μ] → [p, μ]` (You, Gitman & Ginsburg 2017, as in the code of MoCo-v3 and Barlow Twins):
/// a parameter of several axes takes `g += weight_decay·p`, then `g *= trust·‖p‖/‖g‖` where
/// neither norm is zero, then `μ = momentum·μ + g; p −= lr·μ`. Biases and the parameters of
/// norms, which have one axis, are neither decayed nor scaled. `μ` starts at zero.
///
/// ```
/// use tensor::update::{Lars, Rule};
/// use tensor::{Device, Tensor};
/// let value = |x| Tensor::full(&Device::reference(), [1, 1], x);
/// let rule = Lars { lr: 1.0, momentum: 0.9, weight_decay: 0.0, trust: 0.5 };
/// let [p, _] = rule.step([&value(2.0), &value(1e6), &value(0.0)]);
/// assert_eq!(p.item(), 1.0); // a step of half the parameter's norm, however large the gradient
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lars {
    /// The learning rate.
    pub lr: f64,
    /// How much of the last step's direction stays.
    pub momentum: f64,
    /// Pull towards zero, of parameters with several axes.
    pub weight_decay: f64,
    /// The length of a step's gradient as a share of the parameter's.
    pub trust: f64,
}

impl Rule<3, 2> for Lars {
    const NAME: &'static str = "lars_step";

    fn apply(&self, tensors: [&Tensor; 3]) -> [Tensor; 2] {
        let Lars { lr, momentum, .. } = *self;
        if tensors[0].shape().rank() > 1 {
            run(self, tensors, update::shapes(tensors[0]))
        } else {
            Sgd { lr, momentum, weight_decay: 0.0, nesterov: false }.apply(tensors)
        }
    }
}

impl Operation<3, 2> for Lars {
    const NAME: &'static str = <Self as Rule<3, 2>>::NAME;

    fn cpu<T: Float>(&self, [p, g, mu]: [&[T]; 3], [p_new, mu_new]: [&mut [T]; 2]) {
        let [lr, momentum, decay] = [self.lr, self.momentum, self.weight_decay].map(T::from_f64);
        parallel::pieces_of([&mut *mu_new], parallel::PIECE, |at, [decayed]| {
            for ((decayed, &p), &g) in decayed.iter_mut().zip(&p[at..]).zip(&g[at..]) {
                *decayed = g + decay * p;
            }
        });
        let scale = match (norm(p), norm(mu_new)) {
            (p, g) if p > T::zero() && g > T::zero() => T::from_f64(self.trust) * p / g,
            _ => T::one(),
        };
        parallel::pieces_of([p_new, mu_new], parallel::PIECE, |at, [p_new, mu_new]| {
            let n = p_new.len();
            let [p, mu] = [p, mu].map(|x| &x[at..][..n]);
            for j in 0..n {
                mu_new[j] = momentum * mu[j] + scale * mu_new[j];
                p_new[j] = p[j] - lr * mu_new[j];
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 3], outputs: [&GpuBuffer; 2]) {
        let n = outputs[0].elements();
        let [p, g, mu] = inputs;
        let squares = self.squares(gpu, p, g);
        let numbers = [self.lr, self.momentum, self.weight_decay, self.trust].map(Word::word);
        gpu.launch(Launch {
            name: <Self as Operation<3, 2>>::NAME,
            wgsl: include_str!("lars.wgsl"),
            paste: "",
            inputs: &[p, g, mu, &squares],
            outputs: &outputs,
            params: &[&[n.word()], &numbers[..]].concat(),
            grid: Grid::threads(n),
        });
    }
}

impl Lars {
    /// Records `[‖p‖², ‖g + weight_decay·p‖²]`: block by block, then the blocks' sums.
    fn squares(&self, gpu: &Gpu, p: &GpuBuffer, g: &GpuBuffer) -> GpuBuffer {
        let (n, blocks) = (p.elements(), p.elements().div_ceil(ROW_BLOCK));
        let of_blocks = gpu.allocate(2 * blocks);
        gpu.launch(Launch {
            name: "lars_squares",
            wgsl: concat!(include_str!("../gpu/row.wgsl"), include_str!("lars_squares.wgsl")),
            paste: "",
            inputs: &[p, g],
            outputs: &[&of_blocks],
            params: &[n.word(), blocks.word(), self.weight_decay.word()],
            grid: Grid::groups(blocks),
        });
        if blocks <= 1 {
            return of_blocks;
        }
        let squares = gpu.allocate(2);
        sum::sum_rows(gpu, 2, blocks, &of_blocks, &squares);
        squares
    }
}

/// `‖x‖`, by sums whose order depends on the length alone.
fn norm<T: Float>(x: &[T]) -> T {
    let squares = columns::totals(x.len(), 1, 1, |range, total: &mut [T]| {
        total[0] += columns::row_dot(&x[range.clone()], &x[range]);
    });
    squares[0].sqrt()
}
