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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_as_asked() {
        let mut init = Init::new(&Device::reference(), 1);
        let moments = |x: Tensor| {
            let x: Vec<f64> = x.to_vec();
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            (mean, (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt())
        };
        let (mean, std) = moments(init.normal([100, 100], 0.3));
        assert!(mean.abs() < 0.01 && (std - 0.3).abs() < 0.01, "{mean}, {std}");
        let (mean, std) = moments(init.uniform([100, 100], 0.3));
        assert!(mean.abs() < 0.01 && (std - 0.3 / 3f64.sqrt()).abs() < 0.01, "{mean}, {std}");
    }

    #[test]
    fn a_seed_gives_the_same_values_on_every_device() {
        let draw = |device| Init::new(&device, 7).normal([5], 1.0).to_vec::<f32>();
        assert_eq!(draw(Device::cpu()), draw(Device::reference()));
    }
}
