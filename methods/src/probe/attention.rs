//! Where a vision transformer's attention lies.

use autodiff::Var;
use models::Encoder;
use serde::{Deserialize, Serialize};
use tensor::Device;

use super::located::Located;
use crate::evaluate::{ATTENTION_KEEP, attention_mask, jaccard};

/// How well the attention of the last block finds the object: Jaccard indices of the patches that
/// hold 60 % of a head's attention and the object (Caron et al. 2021, figure 4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    /// For each head the mean over images.
    pub heads: Vec<f64>,
    /// The best of [`heads`](Attention::heads).
    pub best_head: f64,
    /// The mean over heads and images.
    pub mean: f64,
    /// The mean over images of the head that is best on each: what picks a head by the answer.
    pub best_of_each: f64,
}

/// Of an encoder in evaluation mode; none where it has no attention, or no masks are known.
pub(super) fn heads(encoder: &Encoder, device: &Device, located: &Located) -> Option<Attention> {
    let Encoder::Vit(vit) = encoder else { return None };
    let (block, objects) = (vit.config().depth.checked_sub(1)?, located.objects.as_ref()?);
    let x = located.images.through(device, |x| Var::constant(vit.attention_to_patches(x, block)));
    let (grid, size) = (located.grid, [located.size; 2]);
    let of_image = |(weights, object): (&[f64], &Vec<bool>)| -> Vec<f64> {
        let heads = weights.chunks(grid[0] * grid[1]);
        heads
            .map(|head| jaccard(&attention_mask(head, ATTENTION_KEEP), grid, object, size))
            .collect()
    };
    let found: Vec<Vec<f64>> = x.iter().zip(objects).map(of_image).collect();
    Attention::of(&found)
}

impl Attention {
    /// From the index of each head on each image.
    fn of(found: &[Vec<f64>]) -> Option<Self> {
        let (images, count) = (found.len() as f64, found.first()?.len());
        let mean_of = |head: usize| found.iter().map(|image| image[head]).sum::<f64>() / images;
        let heads: Vec<f64> = (0..count).map(mean_of).collect();
        let most = |of: &[f64]| of.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(Attention {
            best_head: most(&heads),
            mean: heads.iter().sum::<f64>() / count as f64,
            best_of_each: found.iter().map(|image| most(image)).sum::<f64>() / images,
            heads,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_head_is_not_the_best_of_each_image() {
        let found = Attention::of(&[vec![0.25, 0.5], vec![0.75, 0.0]]).expect("two images");
        assert_eq!(found.heads, [0.5, 0.25]);
        assert_eq!((found.best_head, found.mean, found.best_of_each), (0.5, 0.375, 0.625));
        assert!(Attention::of(&[]).is_none());
    }
}
