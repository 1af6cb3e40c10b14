//! A first-in, first-out queue of keys, as a value.

use tensor::Tensor;

// ANCHOR: enqueue
/// The queue `[K, d]` with its oldest entries, from row `ptr` on, replaced by the keys `[n, d]`,
/// and the row behind them. What does not fit before the end goes on at the beginning.
///
/// # Panics
/// Where the queue has fewer rows than there are keys.
#[track_caller]
pub fn enqueue(queue: &Tensor, ptr: usize, keys: &Tensor) -> (Tensor, usize) {
    let (size, n) = (queue.shape()[0], keys.shape()[0]);
    assert!(n <= size, "a queue of {size} keys cannot take {n} at once");
    let fit = n.min(size - ptr);
    let parts = [
        &keys.slice(0, fit, n),
        &queue.slice(0, n - fit, ptr),
        &keys.slice(0, 0, fit),
        &queue.slice(0, ptr + fit, size),
    ];
    (Tensor::concat(&parts, 0), (ptr + n) % size)
}
// ANCHOR_END: enqueue

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::Device;

    fn rows(values: &[f64]) -> Tensor {
        Tensor::from_slice(&Device::reference(), [values.len(), 1], values)
    }

    #[test]
    fn keys_go_round() {
        let queue = rows(&[0.0; 5]);
        let (queue, ptr) = enqueue(&queue, 0, &rows(&[1.0, 2.0, 3.0]));
        assert_eq!((queue.to_vec::<f64>(), ptr), (vec![1.0, 2.0, 3.0, 0.0, 0.0], 3));
        let (queue, ptr) = enqueue(&queue, ptr, &rows(&[4.0, 5.0, 6.0]));
        assert_eq!((queue.to_vec::<f64>(), ptr), (vec![6.0, 2.0, 3.0, 4.0, 5.0], 1));
        let (queue, ptr) = enqueue(&queue, ptr, &rows(&[7.0, 8.0, 9.0, 10.0]));
        assert_eq!((queue.to_vec::<f64>(), ptr), (vec![6.0, 7.0, 8.0, 9.0, 10.0], 0));
    }

    #[test]
    #[should_panic(expected = "a queue of 2 keys cannot take 3 at once")]
    fn more_keys_than_places_are_refused() {
        enqueue(&rows(&[0.0; 2]), 0, &rows(&[1.0; 3]));
    }
}
