//! What several devices do with a batch, done by one: batch norm's statistics depend on it.

use autodiff::Var;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tensor::Tensor;

/// `f` of each of `groups` parts of the batch, as if each were on a device of its own.
#[track_caller]
pub fn in_groups(x: &Var, groups: usize, f: impl Fn(&Var) -> Var) -> Var {
    let n = x.shape()[0];
    let part = |i: usize| f(&x.slice(0, i * n / groups, (i + 1) * n / groups));
    match groups {
        1 => f(x),
        _ => Var::concat(&(0..groups).map(part).collect::<Vec<_>>().iter().collect::<Vec<_>>(), 0),
    }
}

/// `f` of the batch in random order, put back into the order in which it came.
#[track_caller]
pub fn shuffled(x: &Var, mut draws: ChaCha8Rng, f: impl Fn(&Var) -> Var) -> Var {
    let mut order: Vec<usize> = (0..x.shape()[0]).collect();
    order.shuffle(&mut draws);
    let mut back = vec![0; order.len()];
    for (to, &from) in order.iter().enumerate() {
        back[from] = to;
    }
    let [order, back] = [order, back].map(|rows| {
        let rows: Vec<f64> = rows.into_iter().map(|row| row as f64).collect();
        Tensor::from_slice(x.device(), [rows.len()], &rows)
    });
    f(&x.gather_rows(&order)).gather_rows(&back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use tensor::Device;

    /// Row i holds i.
    fn rows(n: usize) -> Var {
        let values: Vec<f64> = (0..n).map(|i| i as f64).collect();
        Var::constant(Tensor::from_slice(&Device::reference(), [n, 1], &values))
    }

    /// The mean of the rows, in each row: what a batch norm would subtract.
    fn mean(x: &Var) -> Var {
        x.mean(&[0], true).broadcast_to(x.shape())
    }

    #[test]
    fn each_part_has_its_own_statistics() {
        let found = in_groups(&rows(5), 2, mean).value().to_vec::<f64>();
        assert_eq!(found, [0.5, 0.5, 3.0, 3.0, 3.0]);
        assert_eq!(in_groups(&rows(4), 1, mean).value().to_vec::<f64>(), [1.5; 4]);
    }

    #[test]
    fn a_shuffled_batch_comes_back_in_order_and_was_in_another() {
        let draws = || ChaCha8Rng::seed_from_u64(7);
        let x = rows(8);
        let same = shuffled(&x, draws(), Var::clone);
        assert_eq!(same.value().to_vec::<f64>(), x.value().to_vec::<f64>());
        let parts = shuffled(&x, draws(), |x| in_groups(x, 2, mean));
        let apart = in_groups(&x, 2, mean);
        assert_ne!(parts.value().to_vec::<f64>(), apart.value().to_vec::<f64>());
        let whole = shuffled(&x, draws(), mean);
        assert_eq!(whole.value().to_vec::<f64>(), [3.5; 8], "one part has the same statistics");
    }
}
