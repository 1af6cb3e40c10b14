//! The backward pass: from a scalar to the gradients of all leaves.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::panic::Location;

use tensor::Tensor;
use thiserror::Error;

use crate::Var;
use crate::var::Record;

/// The gradients of a scalar with respect to the leaves that it was computed from.
#[derive(Debug)]
pub struct Gradients {
    /// Beside each gradient, where its leaf was made.
    pub(crate) by_leaf: HashMap<u64, (Tensor, &'static Location<'static>)>,
    /// Leaves that were reached through a `detach` only, and where it stands.
    cut_off: HashMap<u64, &'static Location<'static>>,
}

/// Why a leaf has no gradient.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NoGradient {
    /// It was made with [`Var::constant`], or is the result of an operation.
    #[error("the `{op}` made at {made_at} is not a leaf that asks for a gradient")]
    NotAsked {
        /// The operation that made it.
        op: &'static str,
        /// Where.
        made_at: &'static Location<'static>,
    },
    /// Every path from the loss to it runs through a `detach`.
    #[error("every path to the leaf made at {made_at} ends at the `detach` at {detach}")]
    CutOff {
        /// Where the leaf was made.
        made_at: &'static Location<'static>,
        /// Where it was cut off; the first place found, if there are several.
        detach: &'static Location<'static>,
    },
    /// The loss was not computed from it.
    #[error("the leaf made at {made_at} is not in the graph of this loss")]
    NotInGraph {
        /// Where the leaf was made.
        made_at: &'static Location<'static>,
    },
}

impl Gradients {
    /// The gradient of a leaf, in its shape, or the reason why there is none.
    ///
    /// # Errors
    /// See [`NoGradient`].
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::ones(&Device::cpu(), [1]));
    /// let grads = x.detach().sum_all().backward();
    /// let why = grads.get(&x).unwrap_err().to_string();
    /// assert!(why.contains("ends at the `detach` at"), "{why}");
    /// ```
    pub fn get(&self, leaf: &Var) -> Result<&Tensor, NoGradient> {
        let node = &leaf.0;
        let made_at = node.made_at;
        if let Some((gradient, _)) = self.by_leaf.get(&node.id) {
            return Ok(gradient);
        }
        if !node.needs_grad || node.op != "leaf" {
            return Err(NoGradient::NotAsked { op: node.op, made_at });
        }
        Err(match self.cut_off.get(&node.id) {
            Some(detach) => NoGradient::CutOff { made_at, detach },
            None => NoGradient::NotInGraph { made_at },
        })
    }

    /// How many leaves have a gradient.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// assert_eq!(x.sum_all().backward().len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.by_leaf.len()
    }

    /// Whether no leaf has one.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// assert!(x.detach().sum_all().backward().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.by_leaf.is_empty()
    }
}

impl Var {
    /// The gradients of this scalar with respect to every leaf that it was computed from.
    ///
    /// Consumes the graph: what an operation kept for its rule is freed as soon as the rule has
    /// run, also where other `Var`s of the graph are still held. Two losses over one graph are
    /// added first and walked back once.
    ///
    /// # Panics
    /// Where the value is not one element, or part of the graph has been consumed before.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// let grads = (&x * &x).sum_all().backward();
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn backward(self) -> Gradients {
        let seed = self.scalar_seed();
        self.backward_from(seed)
    }

    /// The cotangent of a scalar with respect to itself.
    #[track_caller]
    pub(crate) fn scalar_seed(&self) -> Tensor {
        let elements = self.shape().elements();
        assert!(elements == 1, "backward: {} is not a scalar: sum or average it", self.shape());
        Tensor::full(self.device(), self.shape(), 1.0)
    }

    /// As [`backward`](Var::backward), from a cotangent of the value's shape.
    ///
    /// # Panics
    /// Where the cotangent has another shape, or part of the graph has been consumed before.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// let grads = (&x * 3.0).backward_from(x.value().clone());
    /// assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [3.0, 6.0]);
    /// ```
    #[track_caller]
    pub fn backward_from(self, seed: Tensor) -> Gradients {
        assert!(
            seed.shape() == self.shape(),
            "backward: a cotangent of {} for a value of {}",
            seed.shape(),
            self.shape()
        );
        let Ok(gradients) = self.walk_back(seed, |_, _| Ok::<_, Infallible>(()));
        gradients
    }

    // ANCHOR: backward
    /// Walks back, and shows `look` each operation with each cotangent that its rule returns.
    #[track_caller]
    pub(crate) fn walk_back<E>(
        self,
        seed: Tensor,
        look: impl Fn(&Var, &Tensor) -> Result<(), E>,
    ) -> Result<Gradients, E> {
        let caller = Location::caller();
        let mut gradients = Gradients { by_leaf: HashMap::new(), cut_off: cut_off(&self) };
        // Nodes whose cotangent has begun to arrive. The newest comes next: all that use it are
        // newer still, so its cotangent is complete.
        let mut open = BTreeMap::from([(self.0.id, (self, seed))]);
        while let Some((id, (node, dy))) = open.pop_last() {
            match node.consume(caller) {
                Record::Derived { parents, vjp } => {
                    let needed: Vec<bool> = parents.iter().map(Var::needs_grad).collect();
                    for (parent, dx) in parents.into_iter().zip(vjp(&dy, &needed)) {
                        if let Some(dx) = dx.filter(|_| parent.needs_grad()) {
                            look(&node, &dx)?;
                            accumulate(&mut open, parent, dx);
                        }
                    }
                }
                _ if node.needs_grad() => {
                    gradients.by_leaf.insert(id, (dy, node.0.made_at));
                }
                // A loss that was computed from constants alone.
                _ => {}
            }
        }
        Ok(gradients)
    }
    // ANCHOR_END: backward

    /// Takes the record out of a node that has one, leaving a mark.
    #[track_caller]
    fn consume(&self, caller: &'static Location<'static>) -> Record {
        let mut record = self.lock();
        match &*record {
            Record::Derived { .. } => {
                std::mem::replace(&mut *record, Record::Consumed { by: caller })
            }
            Record::Consumed { by } => panic!(
                "backward: the graph behind the `{}` made at {} was consumed by the backward at \
                 {by}: add the losses first and call backward once",
                self.0.op, self.0.made_at
            ),
            _ => Record::Nothing,
        }
    }
}

// ANCHOR: accumulate
/// Adds what arrives at a node; the axes along which it was broadcast are summed back here, so
/// that no rule has to.
fn accumulate(open: &mut BTreeMap<u64, (Var, Tensor)>, node: Var, dx: Tensor) {
    let dx = dx.sum_to(node.shape());
    match open.get_mut(&node.0.id) {
        Some((_, sum)) => *sum = &*sum + &dx,
        None => {
            open.insert(node.0.id, (node, dx));
        }
    }
}
// ANCHOR_END: accumulate

/// The leaves that the detaches of a graph hide, with the place of one that hides each. Those
/// that are also reached another way get their gradient and are not asked for here.
fn cut_off(root: &Var) -> HashMap<u64, &'static Location<'static>> {
    let mut hidden = HashMap::new();
    walk(root.clone(), |node| {
        if let Record::Detached { hides, .. } = &*node.lock() {
            for &leaf in hides {
                hidden.entry(leaf).or_insert(node.0.made_at);
            }
        }
    });
    hidden
}

/// Visits a node and all that it was computed from, each once.
pub(crate) fn walk(root: Var, mut visit: impl FnMut(&Var)) {
    let mut seen = HashSet::from([root.0.id]);
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        visit(&node);
        for parent in node.lock().parents() {
            if seen.insert(parent.0.id) {
                open.push(parent.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::Device;

    fn leaf(values: &[f64]) -> Var {
        Var::leaf(Tensor::from_slice(&Device::reference(), [values.len()], values))
    }

    #[test]
    fn a_value_used_twice_gets_both_cotangents() {
        // The case that a recursion without an order gets wrong: dc/da = 4.
        let a = leaf(&[1.0]);
        let b = &a + &a;
        let c = &b + &b;
        assert_eq!(c.backward().get(&a).unwrap().to_vec::<f64>(), [4.0]);
    }

    #[test]
    fn broadcast_axes_are_summed_back() {
        let x = Var::leaf(Tensor::ones(&Device::reference(), [3, 2]));
        let bias = leaf(&[1.0, 2.0]);
        let grads = (&x + &bias).sum_all().backward();
        assert_eq!(grads.get(&bias).unwrap().to_vec::<f64>(), [3.0, 3.0]);
        assert_eq!(grads.get(&x).unwrap().shape().as_slice(), [3, 2]);
    }

    #[test]
    fn detach_holds_one_factor_fixed() {
        let x = leaf(&[3.0]);
        let grads = (&x * &x.detach()).sum_all().backward();
        assert_eq!(grads.get(&x).unwrap().to_vec::<f64>(), [3.0]);
    }

    #[test]
    fn a_missing_gradient_says_why() {
        let (x, y, elsewhere) = (leaf(&[1.0]), leaf(&[2.0]), leaf(&[3.0]));
        let data = Var::constant(x.value().clone());
        let hidden = (&x * 2.0).detach();
        let grads = (&hidden * &y + &data).sum_all().backward();
        assert!(grads.get(&y).is_ok());
        let why = grads.get(&x).unwrap_err();
        assert!(matches!(why, NoGradient::CutOff { .. }), "{why}");
        assert!(why.to_string().contains("backward.rs"), "{why}");
        assert!(matches!(grads.get(&elsewhere).unwrap_err(), NoGradient::NotInGraph { .. }));
        assert!(matches!(grads.get(&data).unwrap_err(), NoGradient::NotAsked { .. }));
    }

    #[test]
    fn a_graph_is_walked_once() {
        let x = leaf(&[1.0]);
        let shared = &x * 2.0;
        let (first, second) = (shared.sum_all(), (&shared * 3.0).sum_all());
        first.backward();
        let again = std::panic::catch_unwind(|| second.backward());
        let message = *again.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("was consumed by the backward at"), "{message}");
    }

    #[test]
    fn a_million_operations_neither_recurse_nor_overflow() {
        let x = leaf(&[1.0]);
        let mut y = &x * 1.0;
        for _ in 0..1_000_000 {
            y = y + 0.0;
        }
        assert_eq!(y.backward().get(&x).unwrap().to_vec::<f64>(), [1.0]);
        let mut dropped = &x * 1.0;
        for _ in 0..1_000_000 {
            dropped = dropped + 0.0;
        }
        drop(dropped);
    }

    #[test]
    fn what_needs_no_gradient_records_nothing() {
        let x = Var::constant(Tensor::ones(&Device::reference(), [2]));
        let y = (&x * 2.0).relu();
        assert!(matches!(&*y.lock(), Record::Nothing));
    }
}
