//! Group normalisation of `[n, …, c]`: each sample's channels are cut into groups, and each group
//! is normalised over its channels and all positions (Wu & He 2018).
//!
//! A group is taken relative to its first element, which lies within a few standard deviations
//! of the mean: no digits are lost where the mean is large and the deviation small, and neither
//! in the mean, which is kept relative as well.

use crate::cpu::{columns, parallel};
use crate::gpu::row::RowKernel;
use crate::gpu::totals::{Rows, Terms};
use crate::gpu::{Gpu, GpuBuffer, Word};
use crate::operation::{Operation, run};
use crate::{Float, Shape, Tensor, check};

/// `[n, space, c]`, cut into groups of neighbouring channels.
#[derive(Clone, Copy)]
struct Groups {
    n: usize,
    space: usize,
    c: usize,
    groups: usize,
}

impl Groups {
    /// Two numbers a group.
    fn stats(self) -> [usize; 3] {
        [self.n, self.groups, 2]
    }

    /// Elements of a sample.
    fn sample(self) -> usize {
        self.space * self.c
    }

    /// Channels of a group.
    fn channels(self) -> usize {
        self.c / self.groups
    }

    /// Elements of a group.
    fn count<T: Float>(self) -> T {
        T::from_f64((self.space * self.channels()) as f64)
    }

    /// The parts of a sample that belong to a group, one a position.
    fn parts<T>(self, sample: &[T], group: usize) -> impl Iterator<Item = &[T]> {
        let channels = self.channels();
        sample.chunks_exact(self.c).map(move |x| &x[group * channels..][..channels])
    }

    fn parts_mut<T>(self, sample: &mut [T], group: usize) -> impl Iterator<Item = &mut [T]> {
        let channels = self.channels();
        sample.chunks_exact_mut(self.c).map(move |x| &mut x[group * channels..][..channels])
    }

    /// A kernel that gives a workgroup to each group.
    fn launch(
        self,
        gpu: &Gpu,
        (name, wgsl): (&'static str, &'static str),
        inputs: &[&GpuBuffer],
        outputs: &[&GpuBuffer],
        eps: f64,
    ) {
        let params = [self.groups.word(), self.channels().word(), self.sample().word(), eps.word()];
        let rows = if self.sample() == 0 { 0 } else { self.n * self.groups };
        let width = self.space * self.channels();
        RowKernel { name, wgsl, rows, width, params: &params }.launch(gpu, inputs, outputs);
    }
}

/// `y = (x − mean) / sqrt(var + eps) · weight + bias`, and of each group `mean − first` and
/// `1 / sqrt(var + eps)`.
struct GroupNorm {
    groups: Groups,
    eps: f64,
}

impl Operation<3, 2> for GroupNorm {
    const NAME: &'static str = "group_norm";

    fn cpu<T: Float>(&self, [x, weight, bias]: [&[T]; 3], [y, stats]: [&mut [T]; 2]) {
        let GroupNorm { groups: shape, eps } = *self;
        if y.is_empty() {
            return stats.fill(T::zero());
        }
        let (sample, channels, count) = (shape.sample(), shape.channels(), shape.count::<T>());
        let samples = (parallel::PIECE / sample).max(1);
        let normalize = |x: &[T], y: &mut [T], group: usize| {
            let first = x[group * channels];
            let sum =
                |f: &dyn Fn(&[T]) -> T| shape.parts(x, group).fold(T::zero(), |sum, x| sum + f(x));
            let mean = sum(&|x| columns::row_sum_by(x, x, |x, _| x - first)) / count;
            let square = |x: T| (x - first - mean) * (x - first - mean);
            let var = sum(&|x| columns::row_sum_by(x, x, |x, _| square(x))) / count;
            let rstd = (var + T::from_f64(eps)).sqrt().recip();
            let weight = &weight[group * channels..][..channels];
            let bias = &bias[group * channels..][..channels];
            for (y, x) in shape.parts_mut(y, group).zip(shape.parts(x, group)) {
                for (((y, &x), &weight), &bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
                    *y = (x - first - mean) * rstd * weight + bias;
                }
            }
            [mean, rstd]
        };
        let stats = (stats, samples * 2 * shape.groups);
        parallel::pieces2((y, samples * sample), stats, |i, y, stats| {
            let pieces = y.chunks_mut(sample).zip(stats.chunks_mut(2 * shape.groups));
            for (j, (y, stats)) in pieces.enumerate() {
                let x = &x[(i * samples + j) * sample..][..sample];
                for (group, stats) in stats.chunks_mut(2).enumerate() {
                    stats.copy_from_slice(&normalize(x, y, group));
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 3], outputs: [&GpuBuffer; 2]) {
        let wgsl = concat!(
            include_str!("../gpu/row.wgsl"),
            include_str!("groups.wgsl"),
            include_str!("group_norm.wgsl")
        );
        self.groups.launch(gpu, (Self::NAME, wgsl), &inputs, &outputs, self.eps);
    }
}

/// `dx = (g − (Σ g + x̂ Σ g x̂) / count) / sqrt(var + eps)` with `g = dy · weight`: each input also
/// moved the mean and the variance, and the two sums are what that costs.
struct InputGrad {
    groups: Groups,
}

impl Operation<4, 1> for InputGrad {
    const NAME: &'static str = "group_norm_input_grad";

    fn cpu<T: Float>(&self, [x, stats, weight, dy]: [&[T]; 4], [dx]: [&mut [T]; 1]) {
        let shape = self.groups;
        if dx.is_empty() {
            return;
        }
        let (sample, channels, count) = (shape.sample(), shape.channels(), shape.count::<T>());
        parallel::rows(dx, sample, |i, dx| {
            let (x, dy) = (&x[i * sample..][..sample], &dy[i * sample..][..sample]);
            for group in 0..shape.groups {
                let [mean, rstd] = [0, 1].map(|k| stats[2 * (i * shape.groups + group) + k]);
                let first = x[group * channels];
                let weight = &weight[group * channels..][..channels];
                let (mut g_sum, mut g_xh) = (T::zero(), T::zero());
                // `dx` holds `g` until the sums are known.
                let parts = shape.parts(x, group).zip(shape.parts(dy, group));
                for (g, (x, dy)) in shape.parts_mut(dx, group).zip(parts) {
                    for j in 0..channels {
                        g[j] = dy[j] * weight[j];
                    }
                    g_sum += columns::row_sum(g);
                    g_xh += columns::row_sum_by(g, x, |g, x| g * (x - first - mean)) * rstd;
                }
                let (shift, slope) = (g_sum / count, g_xh * rstd / count);
                for (dx, x) in shape.parts_mut(dx, group).zip(shape.parts(x, group)) {
                    for j in 0..channels {
                        dx[j] = rstd * (dx[j] - shift - (x[j] - first - mean) * slope);
                    }
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 4], outputs: [&GpuBuffer; 1]) {
        let wgsl = concat!(
            include_str!("../gpu/row.wgsl"),
            include_str!("groups.wgsl"),
            include_str!("group_norm_input_grad.wgsl")
        );
        self.groups.launch(gpu, (Self::NAME, wgsl), &inputs, &outputs, 0.0);
    }
}

/// The cotangents of weight and bias, `Σ dy · x̂` and `Σ dy` of each channel, as `[2, c]`.
struct ParameterGrads {
    groups: Groups,
}

impl Operation<3, 1> for ParameterGrads {
    const NAME: &'static str = "group_norm_parameter_grads";

    fn cpu<T: Float>(&self, [x, stats, dy]: [&[T]; 3], [sums]: [&mut [T]; 1]) {
        let Groups { n, space, c, groups } = self.groups;
        let channels = self.groups.channels();
        let totals = columns::totals::<T>(n * space, c, 2 * c, |range, totals| {
            let (dy_xh, dy_sum) = totals.split_at_mut(c);
            for row in range {
                let i = row / space;
                for group in 0..groups {
                    let [mean, rstd] = [0, 1].map(|k| stats[2 * (i * groups + group) + k]);
                    let at = group * channels;
                    let first = x[i * space * c + at];
                    let (x, dy) = (&x[row * c + at..][..channels], &dy[row * c + at..][..channels]);
                    let dy_xh = &mut dy_xh[at..][..channels];
                    let dy_sum = &mut dy_sum[at..][..channels];
                    for j in 0..channels {
                        dy_xh[j] += dy[j] * ((x[j] - first - mean) * rstd);
                        dy_sum[j] += dy[j];
                    }
                }
            }
        });
        sums.copy_from_slice(&totals);
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 3], [sums]: [&GpuBuffer; 1]) {
        let Groups { n, space, c, groups } = self.groups;
        let rows = Rows { outer: 1, rows: n * space, inner: c };
        let terms = Terms {
            name: Self::NAME,
            wgsl: concat!(
                include_str!("../gpu/columns.wgsl"),
                include_str!("group_norm_parameter_grads.wgsl")
            ),
            inputs: &inputs,
        };
        let blocks = gpu.allocate(2 * rows.blocks() * c);
        rows.block_totals_with(gpu, terms, [space.word(), groups.word()], 1.0, &blocks);
        Rows { outer: 2, rows: rows.blocks(), inner: c }.sum(gpu, &blocks, 1.0, sums);
    }
}

impl Tensor {
    /// Normalises each group of `c / groups` neighbouring channels of each sample of `[n, …, c]`
    /// by its mean and biased variance over all positions, then scales and shifts each channel by
    /// `weight` and `bias` `[c]`. The second result is what the gradients need.
    ///
    /// # Panics
    /// Where there are fewer than two axes, or the groups do not divide the channels.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [1, 4], &[1.0, 3.0, 5.0, 5.0]);
    /// let (w, b) = (Tensor::ones(x.device(), [4]), Tensor::zeros(x.device(), [4]));
    /// let (y, _) = x.group_norm(2, [&w, &b], 1e-9);
    /// assert_eq!(y.to_vec::<f32>(), [-1.0, 1.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn group_norm(
        &self,
        groups: usize,
        [weight, bias]: [&Tensor; 2],
        eps: f64,
    ) -> (Tensor, Tensor) {
        let groups = self.groups("group_norm", groups);
        for x in [weight, bias] {
            check::shape("group_norm", x, [groups.c]);
        }
        let shapes = [self.shape().clone(), groups.stats().into()];
        let [y, stats] = run(&GroupNorm { groups, eps }, [self, weight, bias], shapes);
        (y, stats)
    }

    /// The cotangent of [`group_norm`](Tensor::group_norm)'s input `self`, given what it returned
    /// beside its output, and the output's cotangent.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [1, 2], &[1.0, 3.0]);
    /// let (w, b) = (Tensor::ones(x.device(), [2]), Tensor::zeros(x.device(), [2]));
    /// let (y, stats) = x.group_norm(1, [&w, &b], 0.0);
    /// // Shift and scale of the input do not matter.
    /// assert_eq!(x.group_norm_input_grad(1, &stats, &w, &y).to_vec::<f32>(), [0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn group_norm_input_grad(
        &self,
        groups: usize,
        stats: &Tensor,
        weight: &Tensor,
        dy: &Tensor,
    ) -> Tensor {
        let groups = self.groups("group_norm_input_grad", groups);
        check::shape("group_norm_input_grad", dy, self.shape());
        check::shape("group_norm_input_grad", stats, groups.stats());
        check::shape("group_norm_input_grad", weight, [groups.c]);
        let inputs = [self, stats, weight, dy];
        let [dx] = run(&InputGrad { groups }, inputs, [self.shape().clone()]);
        dx
    }

    /// The cotangents of weight and bias.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [1, 2], &[1.0, 3.0]);
    /// let (w, b) = (Tensor::ones(x.device(), [2]), Tensor::zeros(x.device(), [2]));
    /// let (_, stats) = x.group_norm(1, [&w, &b], 0.0);
    /// let (dw, db) = x.group_norm_parameter_grads(1, &stats, &x);
    /// assert_eq!(dw.to_vec::<f32>(), [-1.0, 3.0]);
    /// assert_eq!(db.to_vec::<f32>(), [1.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn group_norm_parameter_grads(
        &self,
        groups: usize,
        stats: &Tensor,
        dy: &Tensor,
    ) -> (Tensor, Tensor) {
        let groups = self.groups("group_norm_parameter_grads", groups);
        check::shape("group_norm_parameter_grads", dy, self.shape());
        check::shape("group_norm_parameter_grads", stats, groups.stats());
        let c = groups.c;
        let [sums] = run(&ParameterGrads { groups }, [self, stats, dy], [Shape::from([2, c])]);
        let row = |i| sums.slice(0, i, i + 1).reshape([c]);
        (row(0), row(1))
    }

    #[track_caller]
    fn groups(&self, op: &str, groups: usize) -> Groups {
        if self.shape().rank() < 2 {
            check::fail(op, &[self], "expected [n, …, c], at least two axes");
        }
        let (n, c) = (self.shape()[0], self.shape().features());
        if groups == 0 || c % groups != 0 {
            let what = format_args!("{groups} groups do not divide {c} channels");
            check::fail(op, &[self], what);
        }
        let space = self.shape()[1..self.shape().rank() - 1].iter().product();
        Groups { n, space, c, groups }
    }
}
