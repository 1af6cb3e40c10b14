//! PyTorch's layouts, in which the files are, and ours: the way of a value through these views is
//! the way of its gradient back.

use autodiff::Var;
use models::weights::Layout;

/// An image `[n, c, h, w]` as `[n, h, w, c]`; features `[n, c]` as they are.
pub(super) fn image(x: &Var) -> Var {
    if x.shape().rank() == 4 { x.permute(&[0, 2, 3, 1]) } else { x.clone() }
}

/// The way back.
pub(super) fn image_out(y: &Var) -> Var {
    if y.shape().rank() == 4 { y.permute(&[0, 3, 1, 2]) } else { y.clone() }
}

/// A parameter as our layers store it.
pub(super) fn weight(w: &Var, layout: Layout) -> Var {
    match (layout, w.shape().rank()) {
        (Layout::Linear, 2) => w.permute(&[1, 0]),
        (Layout::Conv, 4) => w.permute(&[2, 3, 1, 0]),
        _ => w.clone(),
    }
}
