//! What the reader turns in the training room, and the methods that come of it.

use methods::dino::{self, Dino};
use methods::method;
use methods::simsiam::{self, Predictor, SimSiam};
use models::{EncoderConfig, Init};
use serde::{Deserialize, Serialize};
use tensor::Device;

use crate::DemoError;

/// Images in a batch.
pub(super) const BATCH: usize = 32;

/// Which method trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// [`simsiam`], with a narrow residual network.
    SimSiam,
    /// [`dino`], with a narrow vision transformer.
    Dino,
}

/// What the reader turns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switches {
    /// Which method trains.
    pub method: Method,
    /// SimSiam's: hold the guessed side fixed.
    pub stop_gradient: bool,
    /// SimSiam's: a predictor that learns, or none. Another network: the room begins again.
    pub predictor: bool,
    /// DINO's: take the centre away from the teacher's output.
    pub centering: bool,
    /// DINO's: give the teacher a lower temperature than the student.
    pub sharpening: bool,
    /// DINO's: how much of the teacher stays in a step.
    pub momentum: f64,
    /// The learning rate.
    pub lr: f64,
    /// What first values, images and views are drawn from. The room begins again, too.
    pub seed: u64,
}

impl Switches {
    /// A method as its paper has it, at rates that suit so short a run.
    pub fn of(method: Method) -> Self {
        let lr = match method {
            Method::SimSiam => 0.03,
            Method::Dino => 1e-3,
        };
        Switches {
            method,
            stop_gradient: true,
            predictor: true,
            centering: true,
            sharpening: true,
            momentum: 0.9,
            lr,
            seed: 0,
        }
    }

    /// Whether what is changed needs another network.
    pub(super) fn is_other_network(&self, other: &Switches) -> bool {
        let network = |s: &Switches| (s.method, s.predictor, s.seed);
        network(self) != network(other)
    }

    /// Height and width of what the network takes: a transformer's time grows with its patches.
    pub(super) fn side(&self) -> usize {
        match self.method {
            Method::SimSiam => 32,
            Method::Dino => 24,
        }
    }

    pub(super) fn check(&self) -> Result<(), DemoError> {
        let share = (0.0..=1.0).contains(&self.momentum);
        let rate = self.lr > 0.0 && self.lr <= 10.0;
        crate::expect(share, "momentum", self.momentum, "0 to 1")?;
        crate::expect(rate, "lr", self.lr, "above 0, at most 10")
    }

    /// The method, with first values from the seed: the recipe for a laptop, made narrower.
    pub(super) fn build(&self, device: &Device) -> Box<dyn method::Method> {
        let init = &mut Init::new(device, self.seed);
        let encoder = match self.method {
            Method::SimSiam => "resnet-small-w16",
            Method::Dino => "vit-tiny-p4-w32-d2-h2",
        };
        let encoder: EncoderConfig = encoder.parse().expect("a test builds every encoder");
        let encoder = encoder.for_images([self.side(); 2]).expect("whole patches").build(init);
        // Recipes tell the rate for a batch of 256.
        let base_lr = self.lr * 256.0 / BATCH as f64;
        match self.method {
            Method::SimSiam => {
                let config = simsiam::Config {
                    stop_gradient: self.stop_gradient,
                    predictor: if self.predictor { Predictor::Learned } else { Predictor::None },
                    projector_dim: 64,
                    predictor_hidden: 16,
                    base_lr,
                    ..Default::default()
                };
                Box::new(SimSiam::new(init, encoder, &config))
            }
            Method::Dino => {
                let config = dino::Config {
                    centering: self.centering,
                    sharpening: self.sharpening,
                    momentum_teacher: self.momentum,
                    out_dim: 64,
                    head_hidden: 64,
                    bottleneck: 32,
                    base_lr,
                    warmup_epochs: 1,
                    local_crops_number: 2,
                    local_crops_size: 12,
                    ..Default::default()
                };
                Box::new(Dino::new(init, encoder, &config))
            }
        }
    }
}
