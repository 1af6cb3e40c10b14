//! First values of parameters.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tensor::{Device, Shape, Tensor};

/// Draws first values from a seed: the same on every device, and independent of threads.
pub struct Init {
    device: Device,
    rng: ChaCha8Rng,
}

impl Init {
    /// Values for a device from a seed.
    pub fn new(device: &Device, seed: u64) -> Self {
        Init { device: device.clone(), rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Where the values go.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// A seed for a layer that draws numbers as it runs.
    pub fn seed(&mut self) -> u64 {
        self.rng.random()
    }

    /// Uniform in `±bound`.
    pub fn uniform(&mut self, shape: impl Into<Shape>, bound: f64) -> Tensor {
        self.draw(shape.into(), |rng| bound * (2.0 * rng.random::<f64>() - 1.0))
    }

    /// Normal with mean 0 and the given standard deviation.
    pub fn normal(&mut self, shape: impl Into<Shape>, std: f64) -> Tensor {
        self.draw(shape.into(), |rng| std * standard_normal(rng))
    }

    /// Normal with mean 0 and standard deviation `std`, cut off at two of these: what is further
    /// out is drawn again, which leaves 0.88 of the spread.
    ///
    /// ```
    /// # use models::Init;
    /// # use tensor::Device;
    /// let x = Init::new(&Device::cpu(), 0).truncated_normal([1000], 0.5).to_vec::<f32>();
    /// assert!(x.iter().all(|x| x.abs() <= 1.0));
    /// ```
    pub fn truncated_normal(&mut self, shape: impl Into<Shape>, std: f64) -> Tensor {
        self.draw(shape.into(), |rng| {
            loop {
                let x = standard_normal(rng);
                if x.abs() <= 2.0 {
                    return std * x;
                }
            }
        })
    }

    fn draw(&mut self, shape: Shape, mut one: impl FnMut(&mut ChaCha8Rng) -> f64) -> Tensor {
        let values: Vec<f64> = (0..shape.elements()).map(|_| one(&mut self.rng)).collect();
        Tensor::from_slice(&self.device, shape, &values)
    }
}

/// Box and Muller's transform of two uniform numbers.
fn standard_normal(rng: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// Mean and standard deviation.
#[cfg(test)]
pub(crate) fn moments(x: &Tensor) -> (f64, f64) {
    let x: Vec<f64> = x.to_vec();
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (mean, (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_as_asked() {
        let mut init = Init::new(&Device::reference(), 1);
        let (mean, std) = moments(&init.normal([100, 100], 0.3));
        assert!(mean.abs() < 0.01 && (std - 0.3).abs() < 0.01, "{mean}, {std}");
        let (mean, std) = moments(&init.uniform([100, 100], 0.3));
        assert!(mean.abs() < 0.01 && (std - 0.3 / 3f64.sqrt()).abs() < 0.01, "{mean}, {std}");
        let (mean, std) = moments(&init.truncated_normal([100, 100], 0.3));
        assert!(mean.abs() < 0.01 && (std - 0.3 * 0.8796).abs() < 0.01, "{mean}, {std}");
    }

    #[test]
    fn a_seed_gives_the_same_values_on_every_device() {
        let draw = |device| Init::new(&device, 7).normal([5], 1.0).to_vec::<f32>();
        assert_eq!(draw(Device::cpu()), draw(Device::reference()));
    }
}
