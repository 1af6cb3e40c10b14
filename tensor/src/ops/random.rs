//! Random numbers that depend on a key and a place alone.
//!
//! Philox 4×32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) turns a
//! counter into four words that look random. Element `i` of a tensor is made of word `i mod 4` of
//! block `⌊i / 4⌋`, so a value depends on neither the device, nor the number of threads, nor the
//! rest of the shape.

use std::f64::consts::TAU;
use std::marker::PhantomData;

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run_on};
use crate::{Device, Float, Shape, Tensor};

/// Which random numbers: those of a stream, of which a seed has as many as there are `u64`s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Random {
    /// Philox's key.
    pub seed: u64,
    /// The upper half of Philox's counter, such as a step or a layer; the lower half counts blocks.
    pub stream: u64,
}

/// Ten rounds over a counter, words in order of rising significance.
///
/// ```
/// let words = tensor::philox([0; 4], [0; 2]);
/// assert_eq!(words, [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
/// ```
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    let wide = |x: u32, y: u32| u64::from(x) * u64::from(y);
    let high = |product: u64| (product >> 32) as u32;
    let (mut x, mut key) = (counter, key);
    for _ in 0..10 {
        let (a, b) = (wide(MULTIPLIERS[0], x[0]), wide(MULTIPLIERS[1], x[2]));
        x = [high(b) ^ x[1] ^ key[0], b as u32, high(a) ^ x[3] ^ key[1], a as u32];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    x
}

impl Random {
    /// Words 0 to 3 of a block.
    fn block(self, index: u64) -> [u32; 4] {
        let ([b0, b1], [s0, s1]) = (halves(index), halves(self.stream));
        philox([b0, b1, s0, s1], halves(self.seed))
    }
}

fn halves(x: u64) -> [u32; 2] {
    [x as u32, (x >> 32) as u32]
}

/// How four words become four numbers, in Rust and in WGSL.
trait Distribution: Sync {
    const NAME: &'static str;
    /// `fn numbers(words: vec4<u32>) -> vec4<f32>`.
    const WGSL: &'static str;
    fn numbers(words: [u32; 4]) -> [f64; 4];
}

/// 24 bits, which `f32` holds exactly.
fn unit(word: u32) -> f64 {
    f64::from(word >> 8) / f64::from(1 << 24)
}

struct Uniform;

impl Distribution for Uniform {
    const NAME: &'static str = "uniform";
    const WGSL: &'static str = include_str!("uniform.wgsl");
    fn numbers(words: [u32; 4]) -> [f64; 4] {
        words.map(unit)
    }
}

/// Box and Muller's transform: two words are a radius and an angle, whose cosine and sine make two
/// numbers.
struct Normal;

impl Distribution for Normal {
    const NAME: &'static str = "normal";
    const WGSL: &'static str = include_str!("normal.wgsl");
    fn numbers([a, b, c, d]: [u32; 4]) -> [f64; 4] {
        let pair = |radius: u32, angle: u32| {
            // From 2⁻²⁴ to 1: the logarithm of 0 does not exist.
            let u = unit(radius) + 1.0 / f64::from(1 << 24);
            let (sin, cos) = (TAU * unit(angle)).sin_cos();
            let radius = (-2.0 * u.ln()).sqrt();
            [radius * cos, radius * sin]
        };
        let ([x, y], [z, w]) = (pair(a, b), pair(c, d));
        [x, y, z, w]
    }
}

struct Draw<D>(Random, PhantomData<D>);

impl<D: Distribution> Operation<0, 1> for Draw<D> {
    const NAME: &'static str = D::NAME;

    /// In `f64` whatever the device, so that all have the same number, rounded.
    fn cpu<T: Float>(&self, []: [&[T]; 0], [y]: [&mut [T]; 1]) {
        parallel::pieces(y, parallel::PIECE, |piece, y| {
            let first = (piece * parallel::PIECE / 4) as u64;
            for (block, y) in (first..).zip(y.chunks_mut(4)) {
                for (y, number) in y.iter_mut().zip(D::numbers(self.0.block(block))) {
                    *y = T::from_f64(number);
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, []: [&GpuBuffer; 0], [y]: [&GpuBuffer; 1]) {
        let ([k0, k1], [s0, s1]) = (halves(self.0.seed), halves(self.0.stream));
        gpu.launch(Launch {
            name: D::NAME,
            wgsl: include_str!("random.wgsl"),
            paste: D::WGSL,
            inputs: &[],
            outputs: &[y],
            params: &[y.elements().word(), k0, k1, s0, s1],
            grid: Grid::threads(y.elements().div_ceil(4)),
        });
    }
}

impl Tensor {
    /// Uniform in `[0, 1)`: multiples of 2⁻²⁴, the same on every device.
    ///
    /// ```
    /// # use tensor::{Device, Random, Tensor};
    /// let key = Random { seed: 1, stream: 2 };
    /// let x = Tensor::uniform(&Device::cpu(), [2, 3], key);
    /// assert_eq!(x.to_vec::<f32>(), Tensor::uniform(&Device::cpu(), [6], key).to_vec::<f32>());
    /// ```
    pub fn uniform(device: &Device, shape: impl Into<Shape>, random: Random) -> Tensor {
        let [y] = run_on(device, &Draw::<Uniform>(random, PhantomData), [], [shape.into()]);
        y
    }

    /// Normal with mean 0 and variance 1: the same on every device, to rounding. The tails end
    /// at 5.8, where the radius's 24 bits do.
    ///
    /// ```
    /// # use tensor::{Device, Random, Tensor};
    /// let x = Tensor::normal(&Device::cpu(), [1000], Random { seed: 1, stream: 0 });
    /// assert!(x.mean_all().item().abs() < 0.1);
    /// ```
    pub fn normal(device: &Device, shape: impl Into<Shape>, random: Random) -> Tensor {
        let [y] = run_on(device, &Draw::<Normal>(random, PhantomData), [], [shape.into()]);
        y
    }
}
