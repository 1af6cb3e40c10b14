//! Images whose objects' places are known, and what a feature map says of them.

use autodiff::Var;
use models::Encoder;
use rayon::prelude::*;
use tensor::{Device, Tensor};

use crate::augment::to_input;
use crate::data::{BoundingBox, CHANNELS, Dataset, Image, Splits, spread};
use crate::evaluate::{BoxScore, Features, MaskProbe, RelativeBox, box_probe, coverage};
use crate::train::Images;

/// At most this many training and test images …
const MOST: [usize; 2] = [1024, 512];
/// … and no more than have feature maps of so many numbers together: half a gigabyte.
const MOST_VALUES: usize = 1 << 26;

/// Images as a network takes them, the square in their middle, with the objects in it.
pub(super) struct Located {
    pub(super) images: Images,
    /// Height and width of the images.
    pub(super) size: usize,
    /// How many places a feature map has, down and across.
    pub(super) grid: [usize; 2],
    /// The largest object's box in each image.
    boxes: Vec<RelativeBox>,
    /// The objects' pixels in each image, `size · size`; none where only boxes are known.
    pub(super) objects: Option<Vec<Vec<bool>>>,
}

/// What is known of one image.
struct One {
    pixels: Vec<f32>,
    bounds: RelativeBox,
    object: Option<Vec<bool>>,
}

impl Located {
    /// Training and test images with a box; `None` where one of the sets has fewer than two.
    pub(super) fn pair(
        data: &Splits,
        encoder: &Encoder,
        device: &Device,
        size: usize,
    ) -> Option<[Self; 2]> {
        let blank = Var::constant(Tensor::zeros(device, [1, size, size, CHANNELS]));
        let map = encoder.feature_map(&blank);
        let &[_, rows, columns, channels] = map.shape().as_slice() else { return None };
        let bound = (MOST_VALUES / (rows * columns * channels)).max(2);
        let of = |data: &dyn Dataset, most: usize| {
            Located::of(data, size, [rows, columns], most.min(bound))
        };
        Some([of(&*data.train, MOST[0])?, of(&*data.test, MOST[1])?])
    }

    fn of(data: &dyn Dataset, size: usize, grid: [usize; 2], most: usize) -> Option<Self> {
        let indices = spread(most, data.len()).into_par_iter();
        let known: Vec<One> = indices.filter_map(|index| One::of(data, index, size)).collect();
        if known.len() < 2 {
            return None;
        }
        let boxes = known.iter().map(|one| one.bounds).collect();
        let objects = known.iter().map(|one| one.object.clone()).collect();
        let pixels = known.into_iter().flat_map(|one| one.pixels).collect();
        Some(Located { images: Images::from_pixels(size, pixels), size, grid, boxes, objects })
    }

    /// How well a linear map from an encoder's feature map finds boxes, and a linear classifier of
    /// its places the objects' pixels, where they are known; in the mode that it is in.
    pub(super) fn probe(
        [train, test]: &[Self; 2],
        encoder: &Encoder,
        device: &Device,
    ) -> (Option<BoxScore>, Option<f64>) {
        let maps = |located: &Self| located.images.through(device, |x| encoder.feature_map(x));
        let [of_train, of_test] = [maps(train), maps(test)];
        let boxes = box_probe((&of_train, &train.boxes), (&of_test, &test.boxes));
        let objects = train.objects.as_ref().zip(test.objects.as_ref());
        let masks = objects.map(|(known, asked)| {
            let (grid, size) = (train.grid, [train.size; 2]);
            let covered: Vec<f64> =
                known.iter().flat_map(|object| coverage(object, size, grid)).collect();
            let probe = MaskProbe::fit(&train.places(of_train), &covered);
            probe.jaccard(&test.places(of_test), grid, asked, size)
        });
        (Some(boxes), masks)
    }

    /// A feature map's places, each a row of its own.
    fn places(&self, maps: Features) -> Features {
        let cells = self.grid[0] * self.grid[1];
        Features::new(maps.rows * cells, maps.dim / cells, maps.values)
    }

    /// The score of the mean training box.
    pub(super) fn mean_box([train, test]: &[Self; 2]) -> Option<BoxScore> {
        let n = train.boxes.len() as f64;
        let side = |side: usize| train.boxes.iter().map(|bounds| bounds[side]).sum::<f64>() / n;
        let mean = std::array::from_fn(side);
        Some(BoxScore::of(&vec![mean; test.boxes.len()], &test.boxes))
    }

    /// The mean share of an image that its object covers, which is the Jaccard index of the object
    /// and the whole image.
    pub(super) fn share(&self) -> Option<f64> {
        let objects = self.objects.as_ref()?;
        let share = |object: &Vec<bool>| {
            object.iter().filter(|inside| **inside).count() as f64 / object.len() as f64
        };
        Some(objects.iter().map(share).sum::<f64>() / objects.len() as f64)
    }
}

impl One {
    fn of(data: &dyn Dataset, index: usize, size: usize) -> Option<Self> {
        let image = data.image(index).ok()?;
        let square = Square::of(&image);
        let boxes = data.boxes(index);
        let area = |[top, left, bottom, right]: &RelativeBox| (bottom - top) * (right - left);
        let bounds = (boxes.iter().filter_map(|bounds| square.bounds(bounds)))
            .max_by(|a, b| area(a).total_cmp(&area(b)))?;
        let object = data.mask(index).map(|mask| square.pixels(&mask, image.width, size));
        Some(One { pixels: to_input(&image, size).pixels, bounds, object })
    }
}

/// The square in the middle of an image that a network sees, in the image's pixels.
struct Square {
    top: usize,
    left: usize,
    side: usize,
}

impl Square {
    fn of(image: &Image) -> Self {
        let side = image.height.min(image.width);
        Square { top: (image.height - side) / 2, left: (image.width - side) / 2, side }
    }

    /// What of a box lies in the square; `None` where nothing does.
    fn bounds(&self, bounds: &BoundingBox) -> Option<RelativeBox> {
        let inside =
            |at: usize, from: usize| ((at as f64 - from as f64) / self.side as f64).clamp(0.0, 1.0);
        let BoundingBox { top, left, bottom, right } = *bounds;
        let [top, bottom] = [top, bottom].map(|at| inside(at, self.top));
        let [left, right] = [left, right].map(|at| inside(at, self.left));
        (bottom > top && right > left).then_some([top, left, bottom, right])
    }

    /// A mask of the image's pixels, `width` a row, as one of the square at another size: what
    /// lies nearest.
    fn pixels(&self, mask: &[bool], width: usize, size: usize) -> Vec<bool> {
        let at = |i: usize| (2 * i + 1) * self.side / (2 * size);
        let pixel = |i: usize| {
            let (row, column) = (self.top + at(i / size), self.left + at(i % size));
            mask[row * width + column]
        };
        (0..size * size).map(pixel).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_masks_are_seen_through_the_square() {
        let image = Image::filled(2, 6, [0.0; 3]);
        let square = Square::of(&image);
        assert_eq!((square.top, square.left, square.side), (0, 2, 2));
        let bounds = |left, right| square.bounds(&BoundingBox { top: 0, left, bottom: 1, right });
        assert_eq!(bounds(0, 3), Some([0.0, 0.0, 0.5, 0.5]));
        assert_eq!(bounds(3, 6), Some([0.0, 0.5, 0.5, 1.0]));
        assert_eq!(bounds(4, 6), None);
        let mask: Vec<bool> = (0..12).map(|i| i % 6 == 3).collect();
        assert_eq!(square.pixels(&mask, 6, 2), [false, true, false, true]);
        let twice = [false, false, true, true].repeat(4);
        assert_eq!(square.pixels(&mask, 6, 4), twice);
    }
}
