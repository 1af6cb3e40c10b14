//! PyTorch's order of axes, and ours.

use tensor::{Shape, Tensor};

// ANCHOR: layout
/// How PyTorch stores a parameter of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The same way.
    Plain,
    /// `[out, in]` for our `[in, out]`.
    Linear,
    /// `[out, in, kh, kw]` for our `[kh, kw, in, out]`.
    Conv,
}
// ANCHOR_END: layout

impl Layout {
    /// Our tensor as PyTorch stores it.
    pub fn to_torch(self, ours: &Tensor) -> Tensor {
        match self.to_torch_order() {
            Some(order) => ours.permute(order),
            None => ours.clone(),
        }
    }

    /// The shape in which PyTorch stores a tensor of ours.
    pub fn torch_shape(self, ours: &Shape) -> Shape {
        match self.to_torch_order() {
            Some(order) => order.iter().map(|&axis| ours[axis]).collect::<Vec<_>>().into(),
            None => ours.clone(),
        }
    }

    /// PyTorch's tensor as we store it, if it has the right number of axes.
    pub fn from_torch(self, theirs: &Tensor) -> Option<Tensor> {
        match (self, theirs.shape().rank()) {
            (Layout::Plain, _) => Some(theirs.clone()),
            (Layout::Linear, 2) => Some(theirs.permute(&[1, 0])),
            (Layout::Conv, 4) => Some(theirs.permute(&[2, 3, 1, 0])),
            _ => None,
        }
    }

    // ANCHOR: order
    /// Which axis of ours each axis of PyTorch's is.
    fn to_torch_order(self) -> Option<&'static [usize]> {
        match self {
            Layout::Plain => None,
            Layout::Linear => Some(&[1, 0]),
            Layout::Conv => Some(&[3, 2, 0, 1]),
        }
    }
    // ANCHOR_END: order
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::Device;

    #[test]
    fn layouts_go_there_and_back() {
        for (layout, ours, theirs) in [
            (Layout::Plain, vec![3, 2], [3, 2].as_slice()),
            (Layout::Linear, vec![3, 2], &[2, 3]),
            (Layout::Conv, vec![3, 5, 2, 4], &[4, 2, 3, 5]),
        ] {
            let count: usize = ours.iter().product();
            let values: Vec<f32> = (0..count).map(|i| i as f32).collect();
            let x = Tensor::from_slice(&Device::cpu(), ours, &values);
            let torch = layout.to_torch(&x);
            assert_eq!(torch.shape().as_slice(), theirs);
            assert_eq!(layout.torch_shape(x.shape()).as_slice(), theirs);
            assert_eq!(layout.from_torch(&torch).unwrap().to_vec::<f32>(), values);
        }
    }
}
