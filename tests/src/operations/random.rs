//! Random numbers, against Philox in wide integers.

use tensor::{Device, Random, Tensor};

use super::{Row, Setting, Values};
use crate::array::Array;

/// Seed, stream and shape.
type Draw = (u64, u64, &'static [usize]);

const CASES: &[Setting<Draw>] = &[
    ((0, 0, &[]), &[]),
    ((1, 0, &[0, 3]), &[]),
    ((1, 0, &[1]), &[]),
    ((u64::MAX, 7, &[3, 5]), &[]),
    ((1 << 40, u64::MAX, &[1023]), &[]),
    ((3, 1 << 33, &[1025]), &[]),
    ((5, 6, &[129, 131]), &[]),
];

pub(super) fn rows() -> Vec<Row> {
    let uniform = |device: &Device, _: &[Tensor], &(seed, stream, shape): &Draw| {
        Tensor::uniform(device, shape, Random { seed, stream })
    };
    let normal = |device: &Device, _: &[Tensor], &(seed, stream, shape): &Draw| {
        Tensor::normal(device, shape, Random { seed, stream })
    };
    vec![
        Row::forward_only(("uniform", "uniform"), &[Values::Few], CASES, uniform, |_, draw| {
            each(draw, unit)
        }),
        Row::forward_only(("normal", "normal"), &[Values::Few], CASES, normal, |_, draw| {
            each(draw, |words| {
                let u = unit(words);
                let normal = |i: usize| {
                    // Of each pair the first is the radius and the second the angle.
                    let radius = (-2.0 * (u[i / 2 * 2] + 2f64.powi(-24)).ln()).sqrt();
                    let angle = std::f64::consts::TAU * u[i / 2 * 2 + 1];
                    radius * if i % 2 == 0 { angle.cos() } else { angle.sin() }
                };
                [0, 1, 2, 3].map(normal)
            })
        }),
    ]
}

/// The upper 24 bits of each word, as a share of 1.
fn unit(words: [u32; 4]) -> [f64; 4] {
    words.map(|word| f64::from(word >> 8) * 2f64.powi(-24))
}

fn each(&(seed, stream, shape): &Draw, numbers: impl Fn([u32; 4]) -> [f64; 4]) -> Array {
    let mut i = 0;
    Array::from_fn(shape, |_| {
        let (block, word) = (i / 4, (i % 4) as usize);
        i += 1;
        numbers(philox(u128::from(stream) << 64 | block, seed))[word]
    })
}

/// Ten rounds, in one wide counter whose upper halves of products are shifted out.
fn philox(mut counter: u128, seed: u64) -> [u32; 4] {
    let word = |x: u128, i: u32| (x >> (32 * i)) as u32;
    for round in 0..10u32 {
        let key =
            |half: u32, step: u32| word(seed.into(), half).wrapping_add(round.wrapping_mul(step));
        let product = |x: u32, by: u32| u128::from(x) * u128::from(by);
        let (a, b) =
            (product(word(counter, 0), 0xD251_1F53), product(word(counter, 2), 0xCD9E_8D57));
        let words = [
            word(b, 1) ^ word(counter, 1) ^ key(0, 0x9E37_79B9),
            word(b, 0),
            word(a, 1) ^ word(counter, 3) ^ key(1, 0xBB67_AE85),
            word(a, 0),
        ];
        counter = words.iter().rev().fold(0, |wide, &word| wide << 32 | u128::from(word));
    }
    [0, 1, 2, 3].map(|i| word(counter, i))
}
