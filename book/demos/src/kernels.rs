//! The kernel bench: the book's steps of a matrix product, on the reader's own GPU.
//!
//! Nothing here has a clock: the page measures how long [`Bench::run`] takes.

use serde::{Deserialize, Serialize};
use tensor::{Device, Kernel, KernelError, Random, Tensor};

use crate::{DemoError, expect};

/// A kernel of the chapter's, and the tile that one of its workgroups computes.
pub type Step = (&'static str, &'static str, [usize; 2]);

// ANCHOR: steps
/// `c = a b` in five kernels, each for `[n, n]` with `n` a multiple of four.
pub const STEPS: &[Step] = &[
    ("one element", include_str!("../../kernels/matmul_naive.wgsl"), [16, 16]),
    ("tile", include_str!("../../kernels/matmul_tiled.wgsl"), [16, 16]),
    ("column", include_str!("../../kernels/matmul_column.wgsl"), [32, 64]),
    ("patch", include_str!("../../kernels/matmul_patch.wgsl"), [64, 64]),
    ("fours", include_str!("../../kernels/matmul_fours.wgsl"), [64, 64]),
];
// ANCHOR_END: steps

/// What the library's own product is called.
pub const OWN: &str = "Tensor::matmul";

/// What is multiplied, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switches {
    /// The name of one of [`STEPS`], or [`OWN`]; a processor has the last alone.
    pub version: String,
    /// Rows and columns of all three matrices: a multiple of four.
    pub size: usize,
}

/// What a run has shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Products of this version so far.
    pub step: usize,
    /// Multiplications and additions of a product.
    pub flops: f64,
    /// The largest difference from the processor's `f64` product, as a share of the largest element.
    pub error: f64,
}

/// Two matrices, ready to be multiplied.
pub struct Bench {
    device: Device,
    switches: Switches,
    version: Version,
    /// `a` and `b` on the device.
    factors: [Tensor; 2],
    /// Their product.
    exact: Vec<f64>,
    step: usize,
    error: f64,
}

impl Bench {
    /// Draws the matrices.
    ///
    /// # Errors
    /// Where there is no such version or size.
    pub fn new(device: &Device, switches: Switches) -> Result<Self, DemoError> {
        switches.check(device)?;
        let n = switches.size;
        let factors = [0, 1].map(|stream| factor(device, n, stream));
        let (device, version) = (device.clone(), Version::named(&switches.version));
        Ok(Bench { device, switches, version, factors, exact: exact(n), step: 0, error: f64::NAN })
    }

    /// Takes another version, or other matrices.
    ///
    /// # Errors
    /// Where there is no such version or size; then nothing is changed.
    pub fn set(&mut self, switches: Switches) -> Result<(), DemoError> {
        if switches.size != self.switches.size {
            *self = Bench::new(&self.device, switches)?;
            return Ok(());
        }
        switches.check(&self.device)?;
        self.version = Version::named(&switches.version);
        (self.switches, self.step, self.error) = (switches, 0, f64::NAN);
        Ok(())
    }

    /// Multiplies so many times, and waits until that is done. The first run of a version is
    /// compared with the exact product.
    ///
    /// # Errors
    /// Where the GPU refuses a kernel.
    pub async fn run(&mut self, times: usize) -> Result<Look, DemoError> {
        let mut last = None;
        for _ in 0..times {
            last = Some(self.version.product(&self.factors)?);
        }
        if let Some(c) = last {
            if self.step == 0 {
                self.error = error(&c.read().await, &self.exact);
            } else {
                // One number of the last is there when all are.
                c.reshape([self.exact.len()]).slice(0, 0, 1).read::<f32>().await;
            }
        }
        self.step += times;
        let flops = 2.0 * (self.switches.size as f64).powi(3);
        Ok(Look { step: self.step, flops, error: self.error })
    }
}

impl Switches {
    fn check(&self, device: &Device) -> Result<(), DemoError> {
        let fits = (4..=4096).contains(&self.size) && self.size.is_multiple_of(4);
        expect(fits, "size", self.size, "a multiple of 4 from 4 to 4096")?;
        let is_step = STEPS.iter().any(|(name, ..)| *name == self.version);
        let runs = self.version == OWN || is_step && device.name() == "gpu";
        expect(runs, "version", &self.version, "Tensor::matmul, or on a GPU a step of the chapter")
    }
}

/// A matrix `[n, n]` of normal numbers, the same on every device.
pub fn factor(device: &Device, n: usize, stream: u64) -> Tensor {
    let drawn = Tensor::normal(&Device::cpu(), [n, n], Random { seed: 0, stream });
    Tensor::from_slice(device, [n, n], &drawn.to_vec::<f32>())
}

/// The product of the two [`factor`]s in `f64`.
pub fn exact(n: usize) -> Vec<f64> {
    let [a, b] = [0, 1].map(|stream| factor(&Device::reference(), n, stream));
    a.matmul(&b).to_vec()
}

/// A way to multiply, ready to run.
pub struct Version {
    /// A step's kernel and its tile; none for the library's own product.
    step: Option<(Kernel, [usize; 2])>,
}

impl Version {
    /// The step of this name; the library's own where there is none.
    pub fn named(name: &str) -> Self {
        let step = STEPS.iter().find(|(step, ..)| *step == name);
        Version { step: step.map(|&(name, wgsl, tile)| (Kernel::new(name, wgsl), tile)) }
    }

    /// One product of matrices `[n, n]`.
    ///
    /// # Errors
    /// Where the GPU refuses the kernel.
    pub fn product(&self, [a, b]: &[Tensor; 2]) -> Result<Tensor, KernelError> {
        let Some((kernel, [tile_m, tile_n])) = &self.step else { return Ok(a.matmul(b)) };
        let n = a.shape()[0];
        let groups = [n.div_ceil(*tile_n) as u32, n.div_ceil(*tile_m) as u32];
        kernel.run(a.device(), &[a, b], [n, n], &[n as u32], groups)
    }
}

/// The largest error, as a share of the largest element.
pub fn error(c: &[f64], exact: &[f64]) -> f64 {
    let largest = exact.iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
    let errors = c.iter().zip(exact).map(|(c, exact)| (c - exact).abs());
    errors.fold(0.0, f64::max) / largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;

    #[test]
    fn the_processors_product_is_right_and_steps_are_for_a_gpu() {
        let own = Switches { version: OWN.into(), size: 64 };
        let mut bench = Bench::new(&Device::cpu(), own.clone()).expect("this version runs");
        let look = block_on(bench.run(2)).expect("it multiplies");
        assert_eq!((look.step, look.flops), (2, 524_288.0));
        assert!(look.error < 1e-6, "{look:?}");
        let step = Switches { version: "tile".into(), ..own.clone() };
        let refused = bench.set(step).expect_err("a step needs a GPU").to_string();
        assert!(refused.starts_with("version = tile; expected"), "{refused}");
        let odd = bench.set(Switches { size: 63, ..own }).expect_err("not a multiple of four");
        assert_eq!(odd.to_string(), "size = 63; expected a multiple of 4 from 4 to 4096");
    }
}
