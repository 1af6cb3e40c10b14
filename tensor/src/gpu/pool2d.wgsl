// Windows over [n, h, w, c]: what the poolings share.
//
// A kernel that includes this declares `Params` with a first member `windows: Windows`.

struct Windows {
    // Invocations that have work.
    n: u32,
    c: u32,
    // Height first, here and below.
    input: vec2<u32>,
    output: vec2<u32>,
    kernel: vec2<u32>,
    stride: vec2<u32>,
    padding: vec2<u32>,
}

// A pixel of the batch and one of its channels.
struct Place {
    image: u32,
    pixel: vec2<u32>,
    channel: u32,
}

// Element i of [n, size, c].
fn place(i: u32, size: vec2<u32>) -> Place {
    let pixel = i / params.windows.c;
    let row = pixel / size.y;
    return Place(row / size.x, vec2(row % size.x, pixel % size.y), i % params.windows.c);
}

// Where a pixel's channel lies in [n, size, c].
fn element(image: u32, pixel: vec2<u32>, size: vec2<u32>, channel: u32) -> u32 {
    return ((image * size.x + pixel.x) * size.y + pixel.y) * params.windows.c + channel;
}

// The input pixel under a tap of a window. Above and left of the image the difference wraps round
// to a large number.
fn under(window: vec2<u32>, tap: vec2<u32>) -> vec2<u32> {
    return window * params.windows.stride + tap - params.windows.padding;
}

// The window whose tap lies on an input pixel; one that is not there where there is none.
fn over(pixel: vec2<u32>, tap: vec2<u32>) -> vec2<u32> {
    // Before the first window the difference wraps round to a large number or is off the grid.
    let padded = pixel + params.windows.padding;
    let span = padded - tap;
    let off = (padded < tap) | (span % params.windows.stride != vec2(0u));
    return select(span / params.windows.stride, params.windows.output, off);
}
