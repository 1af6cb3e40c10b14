//! Residual branches that are left out at random.

use autodiff::Var;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tensor::Tensor;

use crate::{Init, Mode, Module, Parts};

/// Stochastic depth (Huang et al. 2016): in training, a sample's branch is left out with
/// probability `rate`, and the others are scaled up so that the mean stays the same.
#[derive(Clone)]
pub struct DropPath {
    rate: f64,
    seed: u64,
    mode: Mode,
}

impl DropPath {
    /// A layer with numbers of its own. Each forward pass draws the next ones;
    /// [`Module::at_step`] says where they stand.
    ///
    /// # Panics
    /// Where `rate` is not from 0 up to, but not including, 1.
    #[track_caller]
    pub fn new(init: &mut Init, rate: f64) -> Self {
        let seed = init.seed();
        DropPath { rate: checked(rate), seed, mode: Mode::default() }
    }

    /// Changes the rate; the numbers stay the same.
    ///
    /// # Panics
    /// As [`new`](DropPath::new).
    #[track_caller]
    pub fn set_rate(&mut self, rate: f64) {
        self.rate = checked(rate);
    }

    /// `[n, …] → [n, …]`: each of the `n` samples is kept whole or left out whole.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        if self.rate == 0.0 || !self.mode.is_training() {
            return x.clone();
        }
        let keep = 1.0 - self.rate;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(self.mode.next_draw());
        let mut one = || if rng.random::<f64>() < keep { 1.0 / keep } else { 0.0 };
        let scales: Vec<f64> = (0..x.shape()[0]).map(|_| one()).collect();
        let mut shape = vec![1; x.shape().rank()];
        shape[0] = scales.len();
        x * &Var::constant(Tensor::from_slice(x.device(), shape, &scales))
    }
}

#[track_caller]
fn checked(rate: f64) -> f64 {
    assert!((0.0..1.0).contains(&rate), "drop path: a rate of {rate}");
    rate
}

impl Module for DropPath {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.mode(&self.mode);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::Device;

    fn layer() -> DropPath {
        DropPath::new(&mut Init::new(&Device::reference(), 3), 0.25)
    }

    fn draw(layer: &DropPath, n: usize) -> Vec<f64> {
        let x = Var::constant(Tensor::ones(&Device::reference(), [n, 2, 1]));
        layer.forward(&x).value().to_vec()
    }

    #[test]
    fn a_sample_is_kept_or_dropped_whole_and_the_mean_stays() {
        let y = draw(&layer(), 4000);
        assert!(y.chunks(2).all(|sample| sample[0] == sample[1]));
        assert!(y.iter().all(|&v| v == 0.0 || v == 1.0 / 0.75));
        let mean = y.iter().sum::<f64>() / y.len() as f64;
        assert!((mean - 1.0).abs() < 0.03, "{mean}");
    }

    #[test]
    fn a_step_can_be_drawn_again_and_passes_differ() {
        let (first, second) = (layer(), layer());
        first.at_step(7);
        let (a, b) = (draw(&first, 64), draw(&first, 64));
        assert_ne!(a, b, "two views of a step");
        second.at_step(6);
        assert_ne!(draw(&second, 64), a, "another step");
        second.at_step(7);
        assert_eq!((draw(&second, 64), draw(&second, 64)), (a, b));
    }

    #[test]
    fn evaluation_keeps_everything() {
        let layer = layer();
        layer.train(false);
        assert_eq!(draw(&layer, 16), [1.0; 32]);
    }
}
