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

/// In each of `images` and of its `heads`, `queries` × `keys`, of `d` features. A row of any of
/// the matrices holds all heads, one after the other, as the linear map before it leaves them.
#[derive(Clone, Copy)]
struct Attention {
    images: usize,
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
        let Attention { heads, queries, keys, d, .. } = *self;
        let (width, scale) = (heads * d, T::from_f64(self.scale));
        let y = (y, queries * width, TILE * width);
        let stats = (stats, queries * heads * 2, TILE * heads * 2);
        parallel::blocks2(y, stats, |image, block, y, stats| {
            let rows = y.len() / width;
            stats.chunks_exact_mut(2).for_each(|stats| {
                stats.copy_from_slice(&[T::neg_infinity(), T::zero()]);
            });
            T::with_scratch(TILE * (TILE + d), |scratch| {
                let (scores, sums) = scratch.split_at_mut(TILE * TILE);
                let sums = &mut sums[..rows * d];
                for head in 0..heads {
                    let q = self.head(q, image * queries + block * TILE, head);
                    sums.fill(T::zero());
                    for (first, count) in tiles(keys) {
                        let [k, v] = [k, v].map(|x| self.head(x, image * keys + first, head));
                        let scores = &mut scores[..rows * count];
                        product([q, k], d, count, scores);
                        let stats = stats.chunks_exact_mut(2).skip(head).step_by(heads);
                        let scores_and_sums =
                            scores.chunks_exact_mut(count).zip(sums.chunks_exact_mut(d));
                        for ((scores, sums), stats) in scores_and_sums.zip(stats) {
                            let shrink = stream(scores, scale, stats);
                            sums.iter_mut().for_each(|sum| *sum *= shrink);
                        }
                        add_product(Matrix::new(scores, count, false), v, count, d, sums);
                    }
                    let stats = stats.chunks_exact_mut(2).skip(head).step_by(heads);
                    for (sums, stats) in sums.chunks_exact_mut(d).zip(stats) {
                        stats[1] = stats[1].recip();
                        sums.iter_mut().for_each(|sum| *sum *= stats[1]);
                    }
                    self.put(sums, head, y);
                }
            });
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

/// Where tiles of rows begin, and how many rows they have.
fn tiles(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).step_by(TILE).map(move |first| (first, TILE.min(rows - first)))
}

/// `scores = a bᵀ`, of rows of `d` elements, with a column for each of `n` rows of `b`.
fn product<T: Float>([a, b]: [Matrix<'_, T>; 2], d: usize, n: usize, scores: &mut [T]) {
    let (m, b) = (scores.len() / n, b.transposed());
    T::gemm(Gemm { m, n, k: d, a, b, c: scores, accumulate: false, parallel: false });
}

/// `sums += scores b`, where `b` has `k` rows of `d` elements, and `sums` such rows too.
fn add_product<T: Float>(
    scores: Matrix<'_, T>,
    b: Matrix<'_, T>,
    k: usize,
    d: usize,
    sums: &mut [T],
) {
    let m = sums.len() / d;
    T::gemm(Gemm { m, n: d, k, a: scores, b, c: sums, accumulate: true, parallel: false });
}

/// What the backward pass reads of some queries in a head.
#[derive(Clone, Copy)]
struct Queries<'a, T> {
    q: Matrix<'a, T>,
    dy: Matrix<'a, T>,
    /// Of the first query in this head, followed by what the other heads and queries have; so is
    /// `delta`.
    stats: &'a [T],
    /// `Σ dy · y`.
    delta: &'a [T],
}

impl Attention {
    /// What so many products of queries with keys, or of matrices of their sizes, ask for.
    fn products(&self, count: f64) -> f64 {
        let Attention { images, heads, queries, keys, d, .. } = *self;
        2.0 * count * (images * heads * queries * keys * d) as f64
    }

    /// A head's rows of a matrix, from `row` on.
    fn head<'a, T>(&self, x: &'a [T], row: usize, head: usize) -> Matrix<'a, T> {
        let width = self.heads * self.d;
        Matrix { values: &x[row * width + head * self.d..], row: width, column: 1 }
    }

    /// Puts a head's rows where they belong in rows of all heads.
    fn put<T: Float>(&self, rows: &[T], head: usize, y: &mut [T]) {
        for (y, row) in y.chunks_exact_mut(self.heads * self.d).zip(rows.chunks_exact(self.d)) {
            y[head * self.d..][..self.d].copy_from_slice(row);
        }
    }

    /// A tile's weights `p` and the cotangents `ds = p (dy vᵀ − delta) scale` of its scores, with
    /// a column for each of `count` keys.
    fn tile<T: Float>(
        &self,
        of: Queries<'_, T>,
        [k, v]: [Matrix<'_, T>; 2],
        count: usize,
        [p, ds]: [&mut [T]; 2],
    ) {
        let (d, scale) = (self.d, T::from_f64(self.scale));
        product([of.q, k], d, count, p);
        product([of.dy, v], d, count, ds);
        let rows = p.chunks_exact_mut(count).zip(ds.chunks_exact_mut(count));
        let queries = of.stats.chunks_exact(2).zip(of.delta).step_by(self.heads);
        for ((p, ds), (stats, &delta)) in rows.zip(queries) {
            for (p, ds) in p.iter_mut().zip(ds) {
                *p = (stats[0] - *p * scale).decay() * stats[1];
                *ds = *p * (*ds - delta) * scale;
            }
        }
    }

    /// Records a kernel that gives a workgroup to each 32 rows of a head of the first of two sides.
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
        let sizes = [self.images, self.heads, own, other, self.d].map(Word::word);
        gpu.launch(Launch {
            name,
            wgsl,
            paste: &format!("const CHUNKS = {}u;", self.d.div_ceil(SIDE)),
            inputs,
            outputs,
            params: &[&sizes[..], &[self.scale.word()]].concat(),
            grid: Grid::groups(self.images * self.heads * own.div_ceil(SIDE)),
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
        let Attention { heads, queries, keys, d, .. } = self.0;
        let width = heads * d;
        let dq = (dq, queries * width, TILE * width);
        let delta = (delta, queries * heads, TILE * heads);
        parallel::blocks2(dq, delta, |image, block, dq, delta| {
            let (first, rows) = (image * queries + block * TILE, dq.len() / width);
            let [y, dys] = [y, dy].map(|x| x[first * width..].chunks_exact(d));
            for ((delta, y), dy) in delta.iter_mut().zip(y).zip(dys) {
                *delta = columns::row_dot(y, dy);
            }
            T::with_scratch(TILE * (2 * TILE + d), |scratch| {
                let (two, sums) = scratch.split_at_mut(2 * TILE * TILE);
                let sums = &mut sums[..rows * d];
                for head in 0..heads {
                    let of = Queries {
                        q: self.0.head(q, first, head),
                        dy: self.0.head(dy, first, head),
                        stats: &stats[2 * (first * heads + head)..],
                        delta: &delta[head..],
                    };
                    sums.fill(T::zero());
                    for (start, count) in tiles(keys) {
                        let [k, v] = [k, v].map(|x| self.0.head(x, image * keys + start, head));
                        let (p, ds) = two[..2 * rows * count].split_at_mut(rows * count);
                        self.0.tile(of, [k, v], count, [p, &mut *ds]);
                        add_product(Matrix::new(ds, count, false), k, count, d, sums);
                    }
                    self.0.put(sums, head, dq);
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
        let Attention { heads, queries, keys, d, .. } = self.0;
        let width = heads * d;
        let [dk, dv] = [dk, dv].map(|x| (x, keys * width, TILE * width));
        parallel::blocks2(dk, dv, |image, block, dk, dv| {
            let (first, count) = (image * keys + block * TILE, dk.len() / width);
            T::with_scratch(2 * TILE * (TILE + d), |scratch| {
                let (two, sums) = scratch.split_at_mut(2 * TILE * TILE);
                let (of_k, of_v) = sums[..2 * count * d].split_at_mut(count * d);
                for head in 0..heads {
                    let kv = [k, v].map(|x| self.0.head(x, first, head));
                    of_k.fill(T::zero());
                    of_v.fill(T::zero());
                    for (start, rows) in tiles(queries) {
                        let row = image * queries + start;
                        let [q, dy] = [q, dy].map(|x| self.0.head(x, row, head));
                        let at = row * heads + head;
                        let of = Queries { q, dy, stats: &stats[2 * at..], delta: &delta[at..] };
                        let (p, ds) = two[..2 * rows * count].split_at_mut(rows * count);
                        self.0.tile(of, kv, count, [&mut *p, &mut *ds]);
                        add_product(Matrix::new(p, count, true), dy, rows, d, of_v);
                        add_product(Matrix::new(ds, count, true), q, rows, d, of_k);
                    }
                    self.0.put(of_k, head, dk);
                    self.0.put(of_v, head, dv);
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
    /// `softmax(scale · q kᵀ) v` of queries `self` `[b, n, h, d]` and keys and values
    /// `[b, m, h, d]`, in each of `h` heads. No matrix of `n` × `m` is kept. The second result,
    /// `[b, n, h, 2]`, is what the gradients need.
    ///
    /// # Panics
    /// Where the shapes do not match, or there is no key or no feature.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let q = Tensor::ones(&Device::cpu(), [1, 1, 1, 1]);
    /// let k = Tensor::ones(&Device::cpu(), [1, 2, 1, 1]);
    /// let v = Tensor::from_slice(&Device::cpu(), [1, 2, 1, 1], &[1.0, 3.0]);
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
    /// keys `k` `[b, m, h, d]` for each query of `self` `[b, n, h, d]`.
    ///
    /// # Panics
    /// Where the shapes do not match.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let q = Tensor::ones(&Device::cpu(), [1, 1, 1, 3]);
    /// let k = Tensor::ones(&Device::cpu(), [1, 2, 1, 3]);
    /// assert_eq!(q.attention_map(&k, 1.0).to_vec::<f32>(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn attention_map(&self, k: &Tensor, scale: f64) -> Tensor {
        let [q, k] = [self, k].map(|x| x.permute(&[0, 2, 1, 3]));
        (q.matmul_nt(&k) * scale).softmax(-1)
    }
}

#[track_caller]
fn attention(op: &str, q: &Tensor, k: &Tensor, v: &Tensor, scale: f64) -> Attention {
    for x in [q, k, v] {
        check::rank(op, x, 4, "[b, n, h, d]");
    }
    let &[images, queries, heads, d] = q.shape().as_slice() else { unreachable!("the rank is 4") };
    let keys = k.shape()[1];
    check::shape(op, k, [images, keys, heads, d]);
    check::shape(op, v, [images, keys, heads, d]);
    if keys == 0 || d == 0 {
        check::fail(op, &[q, k], "needs at least one key and one feature");
    }
    Attention { images, heads, queries, keys, d, scale }
}

/// Two numbers a query.
fn stats_shape(q: &Tensor) -> Shape {
    [&q.shape()[..3], &[2]].concat().into()
}
