//! Updates: how parameters change in a training step, many of them at once.
//!
//! A [`Rule`] with its settings takes a parameter and what belongs to it to their next values, in
//! one pass over the elements. [`step`] does so for all parameters of a network: side by side on
//! a processor, so that many small ones cost one hand-over to the threads; on a GPU as many in one
//! launch as the adapter binds buffers for. Under [`Lars`], whose norms never leave the GPU, each
//! costs a launch, or three where it is large. Nothing is read back.

use crate::cpu::parallel;
use crate::{Shape, Tensor, check};

pub use crate::ops::adamw::AdamW;
pub use crate::ops::ema::Ema;
pub use crate::ops::lars::Lars;
pub use crate::ops::sgd::Sgd;

/// One parameter's update: `I` tensors of one shape become `O` of that shape, the parameter
/// first in both.
pub trait Rule<const I: usize, const O: usize>: Sync {
    /// The name in messages.
    const NAME: &'static str;

    /// The update of tensors that are known to fit.
    #[doc(hidden)]
    fn apply(&self, tensors: [&Tensor; I]) -> [Tensor; O];

    /// The updates of many on a GPU, each of tensors that are known to fit.
    #[doc(hidden)]
    fn apply_all_on_gpu(jobs: &[(Self, [&Tensor; I])]) -> Vec<[Tensor; O]>
    where
        Self: Sized,
    {
        jobs.iter().map(|(rule, tensors)| rule.apply(*tensors)).collect()
    }

    /// Updates one parameter.
    ///
    /// # Panics
    /// Where the tensors differ in shape or device.
    ///
    /// ```
    /// use tensor::update::{Rule, Sgd};
    /// use tensor::{Device, Tensor};
    /// let value = |x| Tensor::scalar(&Device::reference(), x);
    /// let rule = Sgd { lr: 0.5, momentum: 0.5, weight_decay: 0.0, nesterov: false };
    /// let [p, mu] = rule.step([&value(1.0), &value(2.0), &value(4.0)]);
    /// assert_eq!((p.item(), mu.item()), (-1.0, 4.0));
    /// ```
    #[track_caller]
    fn step(&self, tensors: [&Tensor; I]) -> [Tensor; O] {
        check(Self::NAME, &tensors);
        self.apply(tensors)
    }
}

/// Updates many parameters, each by a rule of its own; the results are in their order.
///
/// # Panics
/// Where the tensors of one parameter differ in shape or device.
///
/// ```
/// use tensor::update::{self, Ema};
/// use tensor::{Device, Tensor};
/// let value = |x| Tensor::scalar(&Device::reference(), x);
/// let (teacher, student) = ([value(0.0), value(4.0)], [value(8.0), value(8.0)]);
/// let pairs = teacher.iter().zip(&student);
/// let jobs: Vec<_> = pairs.map(|(t, s)| (Ema::of(0.75), [t, s])).collect();
/// let next: Vec<f64> = update::step(&jobs).iter().map(|[t]| t.item()).collect();
/// assert_eq!(next, [2.0, 5.0]);
/// ```
#[track_caller]
pub fn step<R: Rule<I, O>, const I: usize, const O: usize>(
    jobs: &[(R, [&Tensor; I])],
) -> Vec<[Tensor; O]> {
    for (_, tensors) in jobs {
        check(R::NAME, tensors);
    }
    match jobs.first() {
        Some((_, tensors)) if tensors[0].device().as_gpu().is_some() => R::apply_all_on_gpu(jobs),
        _ => parallel::map(jobs.len(), |i| jobs[i].0.apply(jobs[i].1)),
    }
}

#[track_caller]
fn check(name: &str, tensors: &[&Tensor]) {
    check::same_device(name, tensors);
    for other in &tensors[1..] {
        check::shape(name, other, tensors[0].shape());
    }
}

/// The shapes of a rule's results.
pub(crate) fn shapes<const O: usize>(parameter: &Tensor) -> [Shape; O] {
    std::array::from_fn(|_| parameter.shape().clone())
}
