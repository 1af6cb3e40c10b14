//! What is measured of one network.

use autodiff::Var;
use serde::Serialize;
use tensor::{Device, Tensor};

use super::Attention;
use crate::augment::key;
use crate::data::Dataset;
use crate::evaluate::{
    BoxScore, Features, Knn, LinearProbe, RANKME_EPS, alignment, components_for,
    explained_variance, feature_std, linear_probe, mean_cosine, rankme, uniformity,
};
use crate::method::Method;
use crate::train::Images;

/// At most this many images are drawn twice, for alignment.
const MOST_PAIRS: usize = 512;
/// The share of the variance that the table's components hold.
pub(super) const SHARE: f64 = 0.9;

/// What is measured of one network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkMeasures {
    /// The accuracy in percent of a k-NN classifier, k = 20 and temperature 0.07; none without
    /// labels.
    pub knn: Option<f64>,
    /// What a linear classifier makes of the features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linear: Option<LinearProbe>,
    /// How the encoder's features lie: what is used afterwards.
    pub features: Spread,
    /// How their projection lies: what the loss compares.
    pub projection: Spread,
    /// How well a linear map from the feature map finds the object's box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boxes: Option<BoxScore>,
    /// How well a linear classifier of the feature map's places finds the object's pixels: the
    /// mean Jaccard index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masks: Option<f64>,
    /// How well attention finds the object's pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<Attention>,
}

/// How feature vectors lie in their space; see the functions of the same names in
/// [`crate::evaluate`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// `std·√d`.
    pub std: f64,
    /// RankMe.
    pub rankme: f64,
    /// Of two views of the same image, with exponent 2.
    pub alignment: f64,
    /// With `t` 2.
    pub uniformity: f64,
    /// The mean cosine of two different images.
    pub negatives: f64,
    /// The principal components that hold 90 % of the variance.
    pub components: usize,
    /// The explained-variance curve: the share of the variance along the first components.
    pub explained_variance: Vec<f64>,
}

/// Measures a network in evaluation mode; it ends in training mode.
pub(super) fn measures(
    method: &dyn Method,
    device: &Device,
    [train, test]: &[Images; 2],
    data: &dyn Dataset,
    linear: bool,
) -> NetworkMeasures {
    method.train(false);
    let features = test.through(device, |x| method.encode(x));
    let projection = project(method, device, &features);
    let labelled = !test.classes.is_empty();
    let known = labelled.then(|| train.through(device, |x| method.encode(x)));
    let classes = test.classes.len();
    let knn = known.as_ref().map(|known| {
        let votes = Knn::dino(classes).classify(known, train.labels(), &features);
        100.0 * votes.accuracy(test.labels())
    });
    let linear = known
        .filter(|_| linear)
        .map(|known| linear_probe((&known, train.labels()), (&features, test.labels()), classes));
    let pairs = pairs(method, device, data, train.size);
    let projected = [0, 1].map(|view| project(method, device, &pairs[view]));
    method.train(true);
    NetworkMeasures {
        knn,
        linear,
        features: Spread::of(&features, &pairs),
        projection: Spread::of(&projection, &projected),
        boxes: None,
        masks: None,
        attention: None,
    }
}

impl Spread {
    /// Of images, and of the same images in two views.
    fn of(z: &Features, [first, second]: &[Features; 2]) -> Self {
        let explained_variance = explained_variance(z);
        Spread {
            std: feature_std(z).ratio,
            rankme: rankme(z, RANKME_EPS),
            alignment: alignment(first, second, 2.0),
            uniformity: uniformity(z, 2.0),
            negatives: mean_cosine(z),
            components: components_for(SHARE, &explained_variance),
            explained_variance,
        }
    }
}

fn project(method: &dyn Method, device: &Device, features: &Features) -> Features {
    let x = Tensor::from_slice(device, [features.rows, features.dim], &features.values);
    let z = method.project(&Var::constant(x));
    Features::new(features.rows, z.shape().features(), z.value().to_vec())
}

/// The features of images in the first two of the method's views, each drawn in the same way
/// whichever network is measured.
fn pairs(method: &dyn Method, device: &Device, data: &dyn Dataset, size: usize) -> [Features; 2] {
    let views = method.views();
    let count = data.len().min(MOST_PAIRS);
    [0, 1].map(|i| {
        // A method of one view is compared with another draw of it.
        let view = &views[i.min(views.len() - 1)];
        let side = view.side(size);
        let draw = |index: usize| {
            let image = data.image(index).ok()?;
            Some(view.recipe.apply(&image, side, &mut key(0, 0, index, i)).pixels)
        };
        let pixels = (0..count).filter_map(draw).flatten().collect();
        Images::from_pixels(side, pixels).through(device, |x| method.encode(x))
    })
}
