//! The GPU's products at sizes that take each of its tiles, and their parts: near the definition
//! in f64, and the same bits whenever they run.

use tensor::{Conv2d, Device, Random, Shape, Tensor};
use tests::devices;

/// As a share of the largest element.
const NEAR: f64 = 1e-5;

/// The same values on the reference and on the GPU.
fn pair(gpu: &Device, shape: impl Into<Shape>, stream: u64) -> [Tensor; 2] {
    let x = Tensor::normal(&Device::cpu(), shape, Random { seed: 1, stream });
    let values = x.to_vec::<f32>();
    [&Device::reference(), gpu].map(|device| Tensor::from_slice(device, x.shape().clone(), &values))
}

/// Compares what an operation makes of pairs, and what the GPU makes of them again.
fn check<const N: usize>(name: &str, x: [[Tensor; 2]; N], f: impl Fn([&Tensor; N]) -> Tensor) {
    let [exact, found, again] = [0, 1, 1].map(|side| f(x.each_ref().map(|pair| &pair[side])));
    let (exact, found) = (exact.to_vec::<f64>(), found.to_vec::<f32>());
    let largest = exact.iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
    let errors = exact.iter().zip(&found).map(|(exact, &found)| (exact - f64::from(found)).abs());
    let error = errors.fold(0.0, f64::max) / largest;
    assert!(error <= NEAR, "{name}: {error:e}");
    assert_eq!(found, again.to_vec::<f32>(), "{name}: other bits at the second run");
}

#[test]
fn every_tile_is_near_and_repeats_its_bits() {
    let Some(gpu) = devices::gpu("gpu_products") else { return };
    let of = |shape: &[usize], stream| pair(&gpu, shape.to_vec(), stream);
    // Tiles of 64 × 64, of 128 × 32 and 32 × 128, and where there are many of 128 × 64, 64 × 128
    // and 128 × 128; by ones and by fours; a long sum in parts.
    for [batch, m, n, k] in [
        [1, 65, 66, 67],
        [1, 68, 64, 132],
        [1, 130, 31, 18],
        [1, 29, 132, 20],
        [512, 127, 34, 5],
        [512, 36, 128, 4],
        [512, 65, 66, 3],
        [1, 40, 36, 2052],
    ] {
        let name = format!("{batch} × [{m}, {k}] × [{k}, {n}]");
        let [a, b] = [of(&[batch, m, k], 0), of(&[batch, k, n], 1)];
        check(&name, [a, b], |[a, b]| a.matmul(b));
        let [a, b] = [of(&[batch, m, k], 0), of(&[batch, n, k], 1)];
        check(&format!("{name}, b transposed"), [a, b], |[a, b]| a.matmul_nt(b));
        let [a, b] = [of(&[batch, k, m], 0), of(&[batch, k, n], 1)];
        check(&format!("{name}, a transposed"), [a, b], |[a, b]| a.matmul_tn(b));
    }
    // A network's stem, a step down in size, and so many pixels that tiles are large.
    for (image, weights, conv) in [
        ([2, 19, 18, 3], [7, 7, 3, 36], Conv2d::new(2, 3)),
        ([2, 17, 16, 8], [3, 3, 8, 40], Conv2d::new(2, 1)),
        ([2, 16, 16, 8], [1, 1, 8, 40], Conv2d::new(2, 0)),
        ([16, 64, 64, 4], [1, 1, 4, 36], Conv2d::new(1, 0)),
    ] {
        let [x, w] = [of(&image, 2), of(&weights, 3)];
        let y = x[0].conv2d(&w[0], conv);
        let dy = || of(y.shape().as_slice(), 4);
        let (x, w) = (|| x.clone(), || w.clone());
        let name = format!("{image:?} by {weights:?}, {conv:?}");
        check(&name, [x(), w()], |[x, w]| x.conv2d(w, conv));
        check(&format!("{name}, input gradient"), [x(), w(), dy()], |[x, w, dy]| {
            x.conv2d_input_grad(w, dy, conv)
        });
        check(&format!("{name}, weight gradient"), [x(), w(), dy()], |[x, w, dy]| {
            x.conv2d_weight_grad(w, dy, conv)
        });
    }
}
