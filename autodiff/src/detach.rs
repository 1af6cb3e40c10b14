//! The stop-gradient.

use std::sync::Arc;

use crate::Var;
use crate::backward::walk;
use crate::graph::open_detach;
use crate::var::Record;

impl Var {
    /// The same value as a new leaf that asks for no gradient: `sg(x)` in the papers. Nothing
    /// flows back through it, and nothing else in this crate cuts a graph. Only
    /// [`graph::with_open`](crate::graph::with_open) can ask for one that lets through.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[3.0, 4.0]));
    /// let grads = (&x * &x.detach()).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [3.0, 4.0]); // not 2x
    /// ```
    // ANCHOR: detach
    #[track_caller]
    pub fn detach(&self) -> Var {
        if let Some(open) = open_detach(self) {
            return open; // asked for by `graph::with_open`
        }
        let record = Record::Detached { from: Arc::downgrade(&self.0), hides: self.leaves() };
        Var::new(self.value().clone(), "detach", false, record)
    }
    // ANCHOR_END: detach

    /// The leaves that this value's gradient would reach: what a message about a missing
    /// gradient needs to know after the graph itself is gone.
    fn leaves(&self) -> Vec<u64> {
        let mut leaves = Vec::new();
        if self.needs_grad() {
            walk(self.clone(), |node| {
                if node.needs_grad() && node.op() == "leaf" {
                    leaves.push(node.0.id);
                }
            });
        }
        leaves
    }
}
