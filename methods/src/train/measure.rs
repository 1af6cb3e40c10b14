//! Measures of a network on images that stay the same.

use autodiff::Var;
use models::vit::Vit;
use rayon::prelude::*;
use tensor::{Device, Tensor};

use crate::augment::{MEAN, STD, key, to_input};
use crate::data::{CHANNELS, Dataset, Image, Splits, name_once};
use crate::evaluate::{Features, Knn, RANKME_EPS, feature_std, rankme};
use crate::method::Method;
use crate::report::Measures;
use crate::train::Schedule;

/// Images in a forward pass of a measurement.
const BATCH: usize = 128;
/// At most this many images of the training set are neighbours: more would outlast the training
/// between two measurements.
const MOST_NEIGHBOURS: usize = 4096;
/// At most this many images are measured.
const MOST_MEASURED: usize = 1024;

/// Images as a network takes them, ready on the host.
pub struct Images {
    pub(crate) size: usize,
    pixels: Vec<f32>,
    labels: Vec<usize>,
    /// How many images could not be read.
    pub(super) broken: usize,
    /// The names of the classes; empty where images have no labels.
    pub classes: Vec<String>,
}

impl Images {
    /// At most `most` images of a set, spread evenly, without augmentation. Broken ones are named
    /// and passed over.
    pub fn of(data: &dyn Dataset, size: usize, most: usize) -> Self {
        let count = data.len().min(most);
        let indices: Vec<usize> = (0..count).map(|i| i * data.len() / count).collect();
        Images::at(data, size, &indices)
    }

    /// These images of a set, as [`of`](Images::of) has them.
    pub(super) fn at(data: &dyn Dataset, size: usize, indices: &[usize]) -> Self {
        let read: Vec<(Vec<f32>, usize)> = indices
            .par_iter()
            .filter_map(|&index| {
                let image = data.image(index).inspect_err(name_once).ok()?;
                Some((to_input(&image, size).pixels, data.label(index).unwrap_or(0)))
            })
            .collect();
        let (pixels, labels): (Vec<_>, Vec<_>) = read.into_iter().unzip();
        let classes = data.classes().to_vec();
        let broken = indices.len() - labels.len();
        Images { size, pixels: pixels.concat(), labels, broken, classes }
    }

    /// Images without labels, from their pixels one after the other, as [`to_input`] gives them.
    ///
    /// Panics where the pixels make up no whole images.
    #[track_caller]
    pub fn from_pixels(size: usize, pixels: Vec<f32>) -> Self {
        let image = size * size * CHANNELS;
        assert!(pixels.len().is_multiple_of(image), "Images: pixels of whole images expected");
        let labels = vec![0; pixels.len() / image];
        Images { size, labels, pixels, broken: 0, classes: Vec::new() }
    }

    /// Neighbours from the training set, and images to measure from the test set.
    pub fn pair(data: &Splits, size: usize) -> [Self; 2] {
        [
            Images::of(&*data.train, size, MOST_NEIGHBOURS),
            Images::of(&*data.test, size, MOST_MEASURED),
        ]
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The class of each image.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The pixels of an image as they were before normalisation, from 0 to 1.
    fn raw(&self, index: usize) -> impl Iterator<Item = f32> + '_ {
        let image = self.size * self.size * CHANNELS;
        let pixels = self.pixels[index * image..][..image].iter().enumerate();
        pixels.map(|(i, value)| value * STD[i % CHANNELS] + MEAN[i % CHANNELS])
    }

    /// An image for the eye.
    pub(super) fn image(&self, index: usize) -> Image {
        Image::new(self.size, self.size, self.raw(index).collect())
    }

    /// The name of an image's class; empty without labels.
    pub(super) fn label_words(&self, index: usize) -> String {
        self.classes.get(self.labels[index]).cloned().unwrap_or_default()
    }

    /// The raw pixels as feature vectors: what k-NN knows without a network.
    pub fn as_features(&self) -> Features {
        let pixels: Vec<f32> = (0..self.len()).flat_map(|i| self.raw(i)).collect();
        Features::from_f32(self.len(), self.size * self.size * CHANNELS, &pixels)
    }

    /// How many images have their greatest logit at their own class.
    pub(super) fn right(&self, logits: &Features) -> usize {
        let class = |row: &[f64]| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        let rows = logits.iter().zip(&self.labels);
        rows.filter(|(row, label)| class(row) == Some(**label)).count()
    }

    /// A network's output for every image: `f` maps `[n, size, size, 3]` to `[n, d]`.
    pub fn through(&self, device: &Device, f: impl Fn(&Var) -> Var) -> Features {
        let image = self.size * self.size * CHANNELS;
        let mut values: Vec<f32> = Vec::new();
        for pixels in self.pixels.chunks(BATCH * image) {
            let shape = [pixels.len() / image, self.size, self.size, 3];
            let x = Var::constant(Tensor::from_slice(device, shape, pixels));
            values.extend(f(&x).value().to_vec::<f32>());
        }
        let dim = values.len() / self.len().max(1);
        Features::from_f32(self.len(), dim, &values)
    }
}

/// The spread of what the loss compares, and, where there are labels and `with_knn`, the k-NN
/// accuracy of the features in percent; in evaluation mode. `loss` is passed through.
pub fn measure(
    method: &dyn Method,
    device: &Device,
    [train, test]: &[Images; 2],
    with_knn: bool,
    loss: f64,
) -> Measures {
    method.train(false);
    let features = test.through(device, |x| method.encode(x));
    let x = Tensor::from_slice(device, [features.rows, features.dim], &features.values);
    let z = method.project(&Var::constant(x));
    let z = Features::new(features.rows, z.shape().features(), z.value().to_vec());
    let knn = (with_knn && !test.classes.is_empty()).then(|| {
        let neighbours = train.through(device, |x| method.encode(x));
        accuracy(&neighbours, train, &features, test)
    });
    method.train(true);
    Measures { loss, std: feature_std(&z).ratio, rankme: rankme(&z, RANKME_EPS), knn }
}

/// All images of a set, a batch at a time, so that no more are in memory; broken ones are passed
/// over.
fn batches(data: &dyn Dataset, size: usize) -> impl Iterator<Item = Images> + '_ {
    let starts = (0..data.len()).step_by(BATCH);
    starts.map(move |start| {
        let indices: Vec<usize> = (start..data.len().min(start + BATCH)).collect();
        Images::at(data, size, &indices)
    })
}

/// How many of a set's images a classifier gets right, and how many there are. `logits` maps
/// `[n, size, size, 3]` to `[n, classes]`.
pub(super) fn right(
    device: &Device,
    data: &dyn Dataset,
    size: usize,
    logits: impl Fn(&Var) -> Var,
) -> [usize; 2] {
    batches(data, size).fold([0; 2], |[right, all], images| {
        [right + images.right(&images.through(device, &logits)), all + images.len()]
    })
}

/// The features of all of a set's images, and their classes. `f` maps `[n, size, size, 3]` to
/// `[n, d]`.
pub(crate) fn features_of(
    device: &Device,
    data: &dyn Dataset,
    size: usize,
    f: impl Fn(&Var) -> Var,
) -> (Features, Vec<usize>) {
    let (mut rows, mut dim, mut values, mut labels) = (0, 0, Vec::new(), Vec::new());
    for images in batches(data, size) {
        let features = images.through(device, &f);
        (rows, dim) = (rows + features.rows, features.dim);
        values.extend(features.values);
        labels.extend(images.labels);
    }
    (Features::new(rows, dim, values), labels)
}

/// The loss on fixed views of images that are not trained on, in evaluation mode.
pub(super) fn held_out_loss(
    method: &dyn Method,
    device: &Device,
    data: &dyn Dataset,
    size: usize,
    at: &Schedule,
) -> f64 {
    let count = data.len().min(BATCH);
    let mut views = Vec::new();
    for (i, view) in method.views().iter().enumerate() {
        let size = view.side(size);
        let mut pixels = Vec::new();
        for index in 0..count {
            if let Ok(image) = data.image(index) {
                let mut key = key(0, 0, index, i);
                pixels.extend(view.recipe.apply(&image, size, &mut key).pixels);
            }
        }
        let shape = [pixels.len() / (size * size * 3), size, size, 3];
        views.push(Var::constant(Tensor::from_slice(device, shape, &pixels)));
    }
    method.train(false);
    let loss = method.forward(&views, at).loss.item();
    method.train(true);
    loss
}

/// Lets the batch norms of an untrained network see images, so that it is measured as the
/// trained one is: with statistics of the data instead of zeros and ones.
pub(crate) fn calibrate(method: &dyn Method, device: &Device, images: &Images) {
    method.train(true);
    images.through(device, |x| method.project(&method.encode(x)));
}

/// How much each head of a block attends to each patch of an image, row after row, and how many
/// patches there are down and across; in the mode that the transformer is in.
pub fn attention_weights(
    vit: &Vit,
    device: &Device,
    image: &Image,
    size: usize,
    block: usize,
) -> ([usize; 2], Vec<Vec<f32>>) {
    let input = to_input(image, size);
    let x = Var::constant(Tensor::from_slice(device, [1, size, size, 3], &input.pixels));
    let patches = vit.attention_to_patches(&x, block);
    let (heads, count) = (patches.shape()[1], patches.shape()[2]);
    let values: Vec<f32> = patches.to_vec();
    let of_head = |head: usize| values[head * count..][..count].to_vec();
    (vit.grid(&x), (0..heads).map(of_head).collect())
}

/// The k-NN accuracy of raw pixels, in percent: what a network has to beat.
pub(super) fn pixels_knn([train, test]: &[Images; 2]) -> Option<f64> {
    let labelled = !test.classes.is_empty();
    labelled.then(|| accuracy(&train.as_features(), train, &test.as_features(), test))
}

fn accuracy(neighbours: &Features, train: &Images, features: &Features, test: &Images) -> f64 {
    let votes = Knn::dino(test.classes.len()).classify(neighbours, train.labels(), features);
    100.0 * votes.accuracy(test.labels())
}
