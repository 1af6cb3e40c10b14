//! What the training loop asks of a method, and the methods by name.

use autodiff::Var;
use models::{Encoder, Init, Module};
use tensor::Tensor;

use crate::augment::Recipe;
use crate::simsiam::{self, SimSiam};
use crate::train::{Schedule, SgdConfig};

/// A method as the loop sees it. Methods share functions, not code inherited from here: each
/// writes its own step.
pub trait Method: Module {
    /// The loss for one batch of views, each `[n, h, w, 3]`.
    fn forward(&self, views: &[Var]) -> Output;
    /// How each view is drawn from an image.
    fn recipes(&self) -> Vec<Recipe>;
    /// The network that is used after training.
    fn encoder(&self) -> &Encoder;
    /// Images `[n, h, w, 3]` to the features that are used after training, `[n, c]`.
    fn encode(&self, x: &Var) -> Var {
        self.encoder().forward(x)
    }
    /// Features to what the loss compares, `[n, d]`: where a collapse shows.
    fn project(&self, features: &Var) -> Var;
    /// The optimiser's settings.
    fn sgd(&self) -> SgdConfig;
    /// The learning rate of a parameter at a point of the run.
    fn learning_rate(&self, parameter: &str, at: &Schedule) -> f64;
    /// The loss of outputs that know nothing of the images.
    fn chance_loss(&self) -> f64;
}

/// What a forward pass gives.
pub struct Output {
    /// A scalar to walk back from.
    pub loss: Var,
    /// What the loss compared for the first view, `[n, d]`.
    pub z: Tensor,
}

/// The settings of a method, by its name.
#[derive(Clone, Debug, PartialEq)]
pub enum MethodConfig {
    /// See [`simsiam`].
    SimSiam(simsiam::Config),
}

/// The methods that exist, as the command names them.
pub const METHODS: &[&str] = &["simsiam"];

impl MethodConfig {
    /// The settings that a method starts from.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "simsiam" => Some(MethodConfig::SimSiam(simsiam::Config::default())),
            _ => None,
        }
    }

    /// The settings as a table of a configuration file.
    pub fn to_table(&self) -> Result<toml::Table, toml::ser::Error> {
        match self {
            MethodConfig::SimSiam(config) => toml::Table::try_from(config),
        }
    }

    /// The settings from such a table; whose method they are is known from `self`.
    pub fn from_table(&self, table: toml::Table) -> Result<Self, toml::de::Error> {
        match self {
            MethodConfig::SimSiam(_) => table.try_into().map(MethodConfig::SimSiam),
        }
    }

    /// What is wrong with the settings, if they are of the right types but make no sense.
    pub fn check(&self) -> Result<(), String> {
        match self {
            MethodConfig::SimSiam(config) => config.check(),
        }
    }

    /// The method, with first values from `init`.
    pub fn build(&self, init: &mut Init, encoder: Encoder) -> Box<dyn Method> {
        match self {
            MethodConfig::SimSiam(config) => Box::new(SimSiam::new(init, encoder, config)),
        }
    }
}
