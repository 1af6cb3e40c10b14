//! Detaches that are left open for a look: what would a stop-gradient let through?

use std::cell::RefCell;

use crate::Var;

/// The detaches of the closure that runs.
#[derive(Default)]
struct Watched {
    open: Vec<usize>,
    /// What each of those made so far was given, in the order of the program. Held, because a
    /// closed one does not hold it, and it could not be drawn.
    given: Vec<Var>,
}

thread_local! {
    static WATCHED: RefCell<Option<Watched>> = const { RefCell::new(None) };
}

/// Runs `f` with some of its detaches open. They are counted from 0 in the order of the program;
/// one whose number is in `open` lets the gradient through, as if it were not there. The others
/// cut as always, and until `f` returns nothing that they have cut off is freed: a [`drawing`]
/// that `f` makes shows all of it.
///
/// ```
/// # use autodiff::{Var, graph};
/// # use tensor::{Device, Tensor};
/// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [1], &[3.0]));
/// let slope = |open: &[usize]| graph::with_open(open, || {
///     let gradients = (&x * &x.detach()).sum_all().backward();
///     gradients.get(&x).unwrap().item()
/// });
/// assert_eq!((slope(&[]), slope(&[0])), (3.0, 6.0));
/// ```
///
/// [`drawing`]: super::drawing
pub fn with_open<T>(open: &[usize], f: impl FnOnce() -> T) -> T {
    struct Restore(Option<Watched>);
    impl Drop for Restore {
        fn drop(&mut self) {
            WATCHED.set(self.0.take());
        }
    }
    let watched = Watched { open: open.to_vec(), given: Vec::new() };
    let _restore = Restore(WATCHED.replace(Some(watched)));
    f()
}

/// The node of a detach of `x` that is open; `None` where it cuts.
#[track_caller]
pub(crate) fn open_detach(x: &Var) -> Option<Var> {
    let is_open = WATCHED.with_borrow_mut(|watched| {
        let Watched { open, given } = watched.as_mut()?;
        given.push(x.clone());
        Some(open.contains(&(given.len() - 1)))
    });
    let through = |dy: &tensor::Tensor, _| [Some(dy.clone())];
    is_open?.then(|| Var::record("detach", [x], x.value().clone(), through))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::mermaid;
    use tensor::{Device, Tensor};

    fn leaf(value: f64) -> Var {
        Var::leaf(Tensor::from_slice(&Device::reference(), [1], &[value]))
    }

    #[test]
    fn each_detach_is_opened_by_its_number() {
        let (x, y) = (leaf(2.0), leaf(5.0));
        let received = |open: &[usize]| {
            with_open(open, || {
                let gradients = (&x.detach() * &y.detach()).sum_all().backward();
                [&x, &y].map(|leaf| gradients.get(leaf).ok().map(Tensor::item))
            })
        };
        assert_eq!(received(&[]), [None, None]);
        assert_eq!(received(&[0]), [Some(5.0), None]);
        assert_eq!(received(&[1]), [None, Some(2.0)]);
        assert_eq!(received(&[0, 1]), [Some(5.0), Some(2.0)]);
    }

    #[test]
    fn what_is_cut_off_is_drawn_and_behind_the_closure_all_cut_again() {
        let x = leaf(2.0);
        let loss = || (&x * &x.exp().detach()).sum_all();
        assert!(with_open(&[], || mermaid(&loss())).contains("exp"));
        assert!(!mermaid(&loss()).contains("exp"), "nobody holds it");
        let panicked = std::panic::catch_unwind(|| with_open(&[0], || panic!("inside")));
        assert!(panicked.is_err() && !x.detach().needs_grad());
    }
}
