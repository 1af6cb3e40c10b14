//! Attention, `softmax(scale · q kᵀ) v`, without the matrix of scores: it is computed in tiles, and
//! the softmax streams over them (Dao et al. 2022, after Milakov & Gimelshein 2018).
//!
//! The forward pass keeps, of each query, the largest score and the inverse of the sum of
//! exponentials relative to it (the logarithm of the sum alone would lose digits where scores
//! are large). From these the backward pass computes the weights again, tile by tile: once for
//! the queries, once for the keys and values, so that no two writers share a gradient.

use crate::cpu::gemm::{Gemm, Matrix};
use crate::cpu::{columns, parallel};
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Float, Shape, Tensor, check};

/// `heads` times `queries` × `keys`, of `d` features.
#[derive(Clone, Copy)]
struct Attention {
    heads: usize,
    queries: usize,
    keys: usize,
    d: usize,
    scale: f64,
}

/// Queries and keys of a tile on the processor.
const TILE: usize = 64;

impl Operation<3, 2> for Attention {
    const NAME: &'static str = "attention";

    fn flops(&self) -> f64 {
        self.products(2.0)
    }

    // ANCHOR: forward
    fn cpu<T: Float>(&self, [q, k, v]: [&[T]; 3], [y, stats]: [&mut [T]; 2]) {
        let Attention { queries, keys, d, .. } = *self;
        let scale = T::from_f64(self.scale);
        let y = (y, queries * d, TILE * d);
        parallel::blocks2(y, (stats, queries * 2, TILE * 2), |head, block, y, stats| {
            let q = &q[(head * queries + block * TILE) * d..][..y.len()];
            let [k, v] = [k, v].map(|x| &x[head * keys * d..][..keys * d]);
            y.fill(T::zero());
            for stats in stats.chunks_exact_mut(2) {
                stats.copy_from_slice(&[T::neg_infinity(), T::zero()]);
            }
            T::with_scratch(TILE * TILE, |scores| {
                for (k, v) in k.chunks(TILE * d).zip(v.chunks(TILE * d)) {
                    let width = k.len() / d;
                    let scores = &mut scores[..y.len() / d * width];
                    product((q, k, d), scores);
                    let rows = scores.chunks_exact_mut(width).zip(y.chunks_exact_mut(d));
                    for ((scores, y), stats) in rows.zip(stats.chunks_exact_mut(2)) {
                        let shrink = stream(scores, scale, stats);
                        for y in y {
                            *y *= shrink;
                        }
                    }
                    add_product(Matrix::new(scores, width, false), (v, d), y);
                }
            });
            for (y, stats) in y.chunks_exact_mut(d).zip(stats.chunks_exact_mut(2)) {
                stats[1] = stats[1].recip();
                for y in y {
                    *y *= stats[1];
                }
            }
        });
    }
    // ANCHOR_END: forward

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 3], outputs: [&GpuBuffer; 2]) {
        let wgsl = concat!(include_str!("attention_tiles.wgsl"), include_str!("attention.wgsl"));
        let sides = [self.queries, self.keys];
        self.launch(gpu, (Self::NAME, wgsl), sides, &inputs, &outputs);
    }
}

// ANCHOR: stream
/// Turns a row's scores into exponentials relative to the largest score so far, and brings the
/// row's stats up to date; returns by how much earlier exponentials shrink.
fn stream<T: Float>(scores: &mut [T], scale: T, stats: &mut [T]) -> T {
    for score in &mut *scores {
        *score *= scale;
    }
    let (before, tile) = (stats[0], columns::row_max(scores));
    let max = if tile > before { tile } else { before };
    for score in &mut *scores {
        *score = (max - *score).decay();
    }
    let shrink = (max - before).decay();
    stats[0] = max;
    stats[1] = stats[1] * shrink + columns::row_sum(scores);
    shrink
}
// ANCHOR_END: stream

/// `scores = a bᵀ`, of rows of `d` elements.
fn product<T: Float>((a, b, d): (&[T], &[T], usize), scores: &mut [T]) {
    let (m, n) = (a.len() / d, b.len() / d);
    let (a, b) = (Matrix::new(a, d, false), Matrix::new(b, d, true));
    T::gemm(Gemm { m, n, k: d, a, b, c: scores, accumulate: false, parallel: false });
}

/// `y += scores x`, where `x` and `y` have rows of `d` elements.
fn add_product<T: Float>(scores: Matrix<'_, T>, (x, d): (&[T], usize), y: &mut [T]) {
    let (m, k, b) = (y.len() / d, x.len() / d, Matrix::new(x, d, false));
    T::gemm(Gemm { m, n: d, k, a: scores, b, c: y, accumulate: true, parallel: false });
}

/// What the backward pass reads of some queries.
#[derive(Clone, Copy)]
struct Queries<'a, T> {
    q: &'a [T],
    stats: &'a [T],
    dy: &'a [T],
    /// `Σ dy · y` of each query.
    delta: &'a [T],
}

impl Attention {
    /// What so many products of queries with keys, or of matrices of their sizes, ask for.
    fn products(&self, count: f64) -> f64 {
        let Attention { heads, queries, keys, d, .. } = *self;
        2.0 * count * (heads * queries * keys * d) as f64
    }

    /// A tile's weights `p` and the cotangents `ds = p (dy vᵀ − delta) scale` of its scores.
    fn tile<T: Float>(&self, of: Queries<'_, T>, [k, v]: [&[T]; 2], [p, ds]: [&mut [T]; 2]) {
        let (d, width, scale) = (self.d, k.len() / self.d, T::from_f64(self.scale));
        product((of.q, k, d), p);
        product((of.dy, v, d), ds);
        let rows = p.chunks_exact_mut(width).zip(ds.chunks_exact_mut(width));
        for (((p, ds), stats), &delta) in rows.zip(of.stats.chunks_exact(2)).zip(of.delta) {
            for (p, ds) in p.iter_mut().zip(ds) {
                *p = (stats[0] - *p * scale).decay() * stats[1];
                *ds = *p * (*ds - delta) * scale;
            }
        }
    }

    /// Records a kernel that gives a workgroup to each 32 rows of the first of two sides.
    fn launch(
        &self,
        gpu: &Gpu,
        (name, wgsl): (&'static str, &'static str),
        sides: [usize; 2],
        inputs: &[&GpuBuffer],
        outputs: &[&GpuBuffer],
    ) {
        const SIDE: usize = 32;
        let [own, other] = sides;
        let sizes = [self.heads, own, other, self.d].map(Word::word);
        gpu.launch(Launch {
            name,
            wgsl,
            paste: &format!("const CHUNKS = {}u;", self.d.div_ceil(SIDE)),
            inputs,
            outputs,
            params: &[&sizes[..], &[self.scale.word()]].concat(),
            grid: Grid::groups(self.heads * own.div_ceil(SIDE)),
        });
    }
}

/// `dq = ds k`, and `delta`.
struct QueryGrad(Attention);

impl Operation<6, 2> for QueryGrad {
    const NAME: &'static str = "attention_query_grad";

    fn flops(&self) -> f64 {
        self.0.products(3.0)
    }

    fn cpu<T: Float>(&self, [q, k, v, y, stats, dy]: [&[T]; 6], [dq, delta]: [&mut [T]; 2]) {
        let Attention { queries, keys, d, .. } = self.0;
        let dq = (dq, queries * d, TILE * d);
        parallel::blocks2(dq, (delta, queries, TILE), |head, block, dq, delta| {
            let first = head * queries + block * TILE;
            let rows = delta.len();
            let [q, y, dy] = [q, y, dy].map(|x| &x[first * d..][..rows * d]);
            for ((delta, y), dy) in delta.iter_mut().zip(y.chunks(d)).zip(dy.chunks(d)) {
                *delta = columns::row_dot(y, dy);
            }
            let of = Queries { q, stats: &stats[2 * first..][..2 * rows], dy, delta };
            let [k, v] = [k, v].map(|x| &x[head * keys * d..][..keys * d]);
            dq.fill(T::zero());
            T::with_scratch(2 * TILE * TILE, |scratch| {
                for (k, v) in k.chunks(TILE * d).zip(v.chunks(TILE * d)) {
                    let width = k.len() / d;
                    let (p, ds) = scratch[..2 * rows * width].split_at_mut(rows * width);
                    self.0.tile(of, [k, v], [p, &mut *ds]);
                    add_product(Matrix::new(ds, width, false), (k, d), dq);
                }
            });
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 6], outputs: [&GpuBuffer; 2]) {
        let wgsl = concat!(
            include_str!("attention_tiles.wgsl"),
            include_str!("attention_query_grad.wgsl")
        );
        let sides = [self.0.queries, self.0.keys];
        self.0.launch(gpu, (Self::NAME, wgsl), sides, &inputs, &outputs);
    }
}

/// `dk = dsᵀ q` and `dv = pᵀ dy`.
struct KeyValueGrads(Attention);

impl Operation<6, 2> for KeyValueGrads {
    const NAME: &'static str = "attention_key_value_grads";

    fn flops(&self) -> f64 {
        self.0.products(4.0)
    }

    fn cpu<T: Float>(&self, [q, k, v, stats, dy, delta]: [&[T]; 6], [dk, dv]: [&mut [T]; 2]) {
        let Attention { queries, keys, d, .. } = self.0;
        let (dk, dv) = ((dk, keys * d, TILE * d), (dv, keys * d, TILE * d));
        parallel::blocks2(dk, dv, |head, block, dk, dv| {
            let first = (head * keys + block * TILE) * d;
            let [k, v] = [k, v].map(|x| &x[first..][..dk.len()]);
            let width = dk.len() / d;
            dk.fill(T::zero());
            dv.fill(T::zero());
            T::with_scratch(2 * TILE * TILE, |scratch| {
                for start in (0..queries).step_by(TILE) {
                    let rows = TILE.min(queries - start);
                    let row = head * queries + start;
                    let [q, dy] = [q, dy].map(|x| &x[row * d..][..rows * d]);
                    let stats = &stats[2 * row..][..2 * rows];
                    let of = Queries { q, stats, dy, delta: &delta[row..][..rows] };
                    let (p, ds) = scratch[..2 * rows * width].split_at_mut(rows * width);
                    self.0.tile(of, [k, v], [&mut *p, &mut *ds]);
                    add_product(Matrix::new(p, width, true), (dy, d), dv);
                    add_product(Matrix::new(ds, width, true), (q, d), dk);
                }
            });
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 6], outputs: [&GpuBuffer; 2]) {
        let wgsl = concat!(
            include_str!("attention_tiles.wgsl"),
            include_str!("attention_key_value_grads.wgsl")
        );
        let sides = [self.0.keys, self.0.queries];
        self.0.launch(gpu, (Self::NAME, wgsl), sides, &inputs, &outputs);
    }
}

impl Tensor {
    /// `softmax(scale · q kᵀ) v` of queries `self` `[b, h, n, d]` and keys and values
    /// `[b, h, m, d]`. No matrix of `n` × `m` is kept. The second result, `[b, h, n, 2]`, is what
    /// the gradients need.
    ///
    /// # Panics
    /// Where the shapes do not match, or there is no key or no feature.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let q = Tensor::ones(&Device::cpu(), [1, 1, 1, 1]);
    /// let k = Tensor::ones(&Device::cpu(), [1, 1, 2, 1]);
    /// let v = Tensor::from_slice(&Device::cpu(), [1, 1, 2, 1], &[1.0, 3.0]);
    /// assert_eq!(q.attention(&k, &v, 1.0).0.item(), 2.0); // equal keys: the mean of the values
    /// ```
    #[track_caller]
    pub fn attention(&self, k: &Tensor, v: &Tensor, scale: f64) -> (Tensor, Tensor) {
        let operation = attention("attention", self, k, v, scale);
        let shapes = [self.shape().clone(), stats_shape(self)];
        let [y, stats] = run(&operation, [self, k, v], shapes);
        (y, stats)
    }

    /// The cotangent of [`attention`](Tensor::attention)'s queries `self`, given what it
    /// returned and its output's cotangent; and `Σ dy · y` of each query, for those of keys and
    /// values.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::ones(&Device::cpu(), [1, 1, 1, 1]);
    /// let (y, stats) = x.attention(&x, &x, 1.0);
    /// let (dq, _) = x.attention_query_grad([&x, &x], [&y, &stats], &x, 1.0);
    /// assert_eq!(dq.item(), 0.0); // one key has all the weight, whatever the query
    /// ```
    #[track_caller]
    pub fn attention_query_grad(
        &self,
        [k, v]: [&Tensor; 2],
        [y, stats]: [&Tensor; 2],
        dy: &Tensor,
        scale: f64,
    ) -> (Tensor, Tensor) {
        let operation = QueryGrad(attention("attention_query_grad", self, k, v, scale));
        for x in [y, dy] {
            check::shape("attention_query_grad", x, self.shape());
        }
        check::shape("attention_query_grad", stats, stats_shape(self));
        let shapes = [self.shape().clone(), Shape::from(&self.shape()[..3])];
        let [dq, delta] = run(&operation, [self, k, v, y, stats, dy], shapes);
        (dq, delta)
    }

    /// The cotangents of [`attention`](Tensor::attention)'s keys and values, the queries being
    /// `self`, given what it returned beside its output, its output's cotangent, and what
    /// [`attention_query_grad`](Tensor::attention_query_grad) returned beside the queries'.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::ones(&Device::cpu(), [1, 1, 1, 1]);
    /// let (y, stats) = x.attention(&x, &x, 1.0);
    /// let (_, delta) = x.attention_query_grad([&x, &x], [&y, &stats], &x, 1.0);
    /// let (dk, dv) = x.attention_key_value_grads([&x, &x], &stats, [&x, &delta], 1.0);
    /// assert_eq!([dk.item(), dv.item()], [0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn attention_key_value_grads(
        &self,
        [k, v]: [&Tensor; 2],
        stats: &Tensor,
        [dy, delta]: [&Tensor; 2],
        scale: f64,
    ) -> (Tensor, Tensor) {
        let operation = KeyValueGrads(attention("attention_key_value_grads", self, k, v, scale));
        check::shape("attention_key_value_grads", dy, self.shape());
        check::shape("attention_key_value_grads", delta, &self.shape()[..3]);
        check::shape("attention_key_value_grads", stats, stats_shape(self));
        let shapes = [k.shape().clone(), k.shape().clone()];
        let [dk, dv] = run(&operation, [self, k, v, stats, dy, delta], shapes);
        (dk, dv)
    }

    /// `softmax(scale · q kᵀ)`, `[b, h, n, m]`: how [`attention`](Tensor::attention) weighs the
    /// keys `k` for each query of `self`.
    ///
    /// # Panics
    /// Where the shapes do not match.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let q = Tensor::ones(&Device::cpu(), [1, 1, 1, 3]);
    /// let k = Tensor::ones(&Device::cpu(), [1, 1, 2, 3]);
    /// assert_eq!(q.attention_map(&k, 1.0).to_vec::<f32>(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn attention_map(&self, k: &Tensor, scale: f64) -> Tensor {
        (self.matmul_nt(k) * scale).softmax(-1)
    }
}

#[track_caller]
fn attention(op: &str, q: &Tensor, k: &Tensor, v: &Tensor, scale: f64) -> Attention {
    for x in [q, k, v] {
        check::rank(op, x, 4, "[b, h, n, d]");
    }
    let &[b, h, queries, d] = q.shape().as_slice() else { unreachable!("the rank is 4") };
    let keys = k.shape()[2];
    check::shape(op, k, [b, h, keys, d]);
    check::shape(op, v, [b, h, keys, d]);
    if keys == 0 || d == 0 {
        check::fail(op, &[q, k], "needs at least one key and one feature");
    }
    Attention { heads: b * h, queries, keys, d, scale }
}

/// Two numbers a query.
fn stats_shape(q: &Tensor) -> Shape {
    [&q.shape()[..3], &[2]].concat().into()
}
