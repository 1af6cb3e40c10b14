//! What the training loop asks of a method.

use autodiff::Var;
use models::{Encoder, Module};
use tensor::Tensor;

use crate::augment::Recipe;
use crate::train::{Clip, Named, Optimizer, Rates, Schedule};

/// A method as the loop sees it. Methods share functions, not code inherited from here: each
/// writes its own step. Where the order of a step's parts is told, [`crate::train::step`] is it.
pub trait Method: Module {
    /// Before the forward pass: where a momentum encoder follows first (MoCo), or prototypes are
    /// normalised (SwAV).
    fn before_step(&self, _at: &Schedule) {}
    /// The loss for one batch of views, each `[n, h, w, 3]`, in the order of
    /// [`views`](Self::views). Measurements call it too, in evaluation mode: beside the running
    /// statistics it changes nothing.
    fn forward(&self, views: &[Var], at: &Schedule) -> Output;
    /// After the optimiser: where a teacher follows, and a centre or a queue takes in what the
    /// forward pass has kept.
    fn after_step(&self, _output: &Output, _at: &Schedule) {}

    /// How each view is drawn from an image.
    fn views(&self) -> Vec<View>;
    /// The network that is used after training.
    fn encoder(&self) -> &Encoder;
    /// Images `[n, h, w, 3]` to the features that are used after training, `[n, c]`.
    fn encode(&self, x: &Var) -> Var {
        self.encoder().forward(x)
    }
    /// Features to what the loss compares, `[n, d]`: where a collapse shows.
    fn project(&self, features: &Var) -> Var;
    /// The loss of outputs that know nothing of the images, for the run's batches.
    fn chance_loss(&self, at: &Schedule) -> f64;

    /// The rule by which parameters change.
    fn optimizer(&self) -> Optimizer;
    /// The learning rate of a parameter at a point of the run.
    fn learning_rate(&self, parameter: Named, at: &Schedule) -> f64;
    /// How hard a parameter is pulled towards zero.
    fn weight_decay(&self, parameter: Named, at: &Schedule) -> f64;
    /// Whether a parameter is left as it is at this point, memory and all, such as DINO's last
    /// layer in the first epoch.
    fn rests(&self, _parameter: Named, _at: &Schedule) -> bool {
        false
    }
    /// How long a gradient may be.
    fn clip(&self) -> Clip {
        Clip::None
    }
    /// What [`Descent::step`](crate::train::Descent::step) asks for each parameter.
    fn rates(&self, parameter: Named, at: &Schedule) -> Option<Rates> {
        (!self.rests(parameter, at)).then(|| Rates {
            lr: self.learning_rate(parameter, at),
            weight_decay: self.weight_decay(parameter, at),
        })
    }
}

/// What a forward pass gives.
pub struct Output {
    /// A scalar to walk back from.
    pub loss: Var,
    /// What the loss compared for the first view, `[n, d]`.
    pub z: Tensor,
    /// What [`Method::after_step`] needs again, such as the keys for a queue.
    pub kept: Vec<Tensor>,
    /// Scalars to log beside the loss, such as an entropy: their means stand in `metrics.jsonl`.
    pub watched: Vec<(&'static str, Tensor)>,
}

impl Output {
    /// A loss and what it compared for the first view.
    pub fn new(loss: Var, z: &Var) -> Self {
        Output { loss, z: z.value().clone(), kept: Vec::new(), watched: Vec::new() }
    }

    /// With one more scalar to log.
    pub fn watching(mut self, name: &'static str, value: &Var) -> Self {
        self.watched.push((name, value.value().clone()));
        self
    }
}

/// One view of an image: how it is drawn, and its side in pixels where that is not the run's.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// How it is drawn.
    pub recipe: Recipe,
    /// Height and width; `None` for the run's `image_size`. Multi-crop's local views are smaller.
    pub size: Option<usize>,
}

impl View {
    /// Height and width in a run of `image_size`.
    pub fn side(&self, image_size: usize) -> usize {
        self.size.unwrap_or(image_size)
    }
}

impl From<Recipe> for View {
    /// A view of the run's size.
    fn from(recipe: Recipe) -> Self {
        View { recipe, size: None }
    }
}
