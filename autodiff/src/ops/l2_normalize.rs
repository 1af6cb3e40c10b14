//! Feature vectors scaled to length one.

use crate::Var;

impl Var {
    // ANCHOR: l2_normalize
    /// `x / max(‖x‖, eps)` along the last axis; a zero row stays zero.
    #[track_caller]
    pub fn l2_normalize(&self, eps: f64) -> Var {
        let x = self.value().clone();
        Var::record("l2_normalize", [self], x.l2_normalize(eps), move |dy, _| {
            [Some(x.l2_normalize_grad(dy, eps))]
        })
    }
    // ANCHOR_END: l2_normalize
}
