// What softmax and the cross-entropies take from a row of logits `x`: relative to the largest, no
// exponential overflows. Includes `row.wgsl`.

struct Exponentials {
    largest: f32,
    // Σ e^(x − largest).
    sum: f32,
}

fn exponentials(lane: u32, first: u32, last: u32) -> Exponentials {
    var largest = x[first];
    for (var i = first + lane; i < last; i += WIDTH) {
        largest = max(largest, x[i]);
    }
    largest = row_max(lane, largest);
    var sum = 0.0;
    for (var i = first + lane; i < last; i += WIDTH) {
        sum += exp(x[i] - largest);
    }
    return Exponentials(largest, row_sum(lane, sum));
}
