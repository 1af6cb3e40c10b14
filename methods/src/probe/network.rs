//! What is measured of one network.

use autodiff::Var;
use serde::{Deserialize, Serialize};
use tensor::{Device, Tensor};

use super::Attention;
use crate::augment::key;
use crate::data::{Dataset, Splits};
use crate::evaluate::{
    BoxScore, Features, Knn, LinearProbe, RANKME_EPS, alignment, components_for,
    explained_variance, feature_std, linear_probe, mean_cosine, rankme, uniformity,
};
use crate::method::Method;
use crate::train::{Images, features_of};

/// At most this many images are drawn twice, for alignment.
const MOST_PAIRS: usize = 512;
/// The share of the variance that the table's components hold.
pub(super) const SHARE: f64 = 0.9;

/// What is measured of one network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkMeasures {
    /// The accuracy in percent of a k-NN classifier, k = 20 and temperature 0.07; none without
    /// labels.
    pub knn: Option<f64>,
    /// What a linear classifier makes of the features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linear: Option<LinearProbe>,
    /// How the encoder's features lie: what is used afterwards.
    pub features: Spread,
    /// How their projection lies: what the loss compares.
    pub projection: Spread,
    /// How well a linear map from the feature map finds the object's box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boxes: Option<BoxScore>,
    /// How well a linear classifier of the feature map's places finds the object's pixels: the
    /// mean Jaccard index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masks: Option<f64>,
    /// How well attention finds the object's pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention: Option<Attention>,
}

/// How feature vectors lie in their space; see the functions of the same names in
/// [`crate::evaluate`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Measures a network in evaluation mode; it ends in training mode. What labels tell is measured on
/// all images, how features lie on `images`.
pub(super) fn measures(
    method: &dyn Method,
    device: &Device,
    images: &Images,
    data: &Splits,
    linear: bool,
) -> NetworkMeasures {
    method.train(false);
    let classes = images.classes.len();
    let labelled = (classes > 0).then(|| {
        [&data.train, &data.test]
            .map(|data| features_of(device, &**data, images.size, |x| method.encode(x)))
    });
    let knn = labelled.as_ref().map(|[(train, of_train), (test, of_test)]| {
        let votes = Knn::dino(classes).classify(train, of_train, test);
        100.0 * votes.accuracy(of_test)
    });
    let linear = labelled
        .as_ref()
        .filter(|_| linear)
        .map(|[train, test]| linear_probe((&train.0, &train.1), (&test.0, &test.1), classes));
    let features = images.through(device, |x| method.encode(x));
    let projection = project(method, device, &features);
    let pairs = pairs(method, device, &*data.test, images.size);
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
