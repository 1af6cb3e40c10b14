// Squared distances from each column's mean, which lies `offset` from its first element, totalled
// by `columns.wgsl`: with scale 1 / rows they are the biased variance. A second pass around the
// mean, because the difference of two large sums would lose the digits of a small variance, and a
// collapse is a small variance.

alias Total = f32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> offset: array<f32>;
@group(0) @binding(2) var<storage, read_write> square: array<f32>;

fn term(at: u32, column: u32) -> Total {
    let distance = x[at] - x[column] - offset[column];
    return distance * distance;
}

fn store(at: u32, total: Total) {
    square[at] = total;
}
