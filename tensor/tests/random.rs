//! Random numbers: the published answers, and the shape of what is drawn.

use tensor::{Device, Random, Tensor, philox};

/// The known answers that Salmon et al. publish with their library, Random123 (`kat_vectors`).
#[test]
fn philox_gives_the_published_words() {
    let zeros = philox([0; 4], [0; 2]);
    assert_eq!(zeros, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    let ones = philox([u32::MAX; 4], [u32::MAX; 2]);
    assert_eq!(ones, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    let pi =
        philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]);
    assert_eq!(pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
}

#[test]
fn a_value_depends_on_its_place_alone() {
    let key = Random { seed: 3, stream: 4 };
    for device in [Device::cpu(), Device::reference()] {
        let long: Vec<f64> = Tensor::normal(&device, [40_003], key).to_vec();
        let short: Vec<f64> = Tensor::normal(&device, [7, 11], key).to_vec();
        assert_eq!(short, long[..77]);
    }
}

#[test]
fn uniform_numbers_are_the_same_bits_on_every_device() {
    let key = Random { seed: 5, stream: 0 };
    let draw = |device: &Device| Tensor::uniform(device, [10_001], key).to_vec::<f64>();
    let expected = draw(&Device::reference());
    assert_eq!(draw(&Device::cpu()), expected);
    if let Ok(gpu) = Device::gpu() {
        assert_eq!(draw(&gpu), expected);
    }
}

#[test]
fn normal_numbers_are_equal_to_rounding() {
    let key = Random { seed: 6, stream: 0 };
    let draw = |device: &Device| Tensor::normal(device, [1 << 20], key).to_vec::<f64>();
    let expected = draw(&Device::reference());
    for device in [Some(Device::cpu()), Device::gpu().ok()].into_iter().flatten() {
        for (x, e) in draw(&device).iter().zip(&expected) {
            assert!((x - e).abs() <= 1e-6, "{x}, not {e} on {device}");
        }
    }
}

#[test]
fn seeds_and_streams_differ() {
    let draw = |seed, stream| {
        Tensor::uniform(&Device::reference(), [8], Random { seed, stream }).to_vec::<f64>()
    };
    let all = [draw(0, 0), draw(1, 0), draw(0, 1), draw(1 << 32, 0), draw(0, 1 << 32)];
    for (i, a) in all.iter().enumerate() {
        for b in &all[..i] {
            assert!(a.iter().zip(b).all(|(a, b)| a != b));
        }
    }
}

/// Means of powers, within five of their own standard deviations.
#[test]
fn moments_are_those_of_the_distributions() {
    const N: usize = 1 << 20;
    let key = Random { seed: 7, stream: 8 };
    let near = |draw: &[f64], power: i32, expected: f64, variance: f64| {
        let mean = draw.iter().map(|x| x.powi(power)).sum::<f64>() / N as f64;
        let allowed = 5.0 * (variance / N as f64).sqrt();
        assert!((mean - expected).abs() < allowed, "x^{power}: {mean}, not {expected}");
    };
    let uniform: Vec<f64> = Tensor::uniform(&Device::cpu(), [N], key).to_vec();
    assert!(uniform.iter().all(|x| (0.0..1.0).contains(x)));
    for k in 1..=4 {
        let expected = |k: i32| 1.0 / f64::from(k + 1);
        near(&uniform, k, expected(k), expected(2 * k) - expected(k).powi(2));
    }
    let normal: Vec<f64> = Tensor::normal(&Device::cpu(), [N], key).to_vec();
    // The means of powers 1 to 8 are 0, 1, 0, 3, 0, 15, 0, 105.
    for (k, expected, of_square) in [(1, 0.0, 1.0), (2, 1.0, 3.0), (3, 0.0, 15.0), (4, 3.0, 105.0)]
    {
        near(&normal, k, expected, of_square - expected * expected);
    }
    let lag: f64 = normal.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / N as f64;
    assert!(lag.abs() < 5.0 / (N as f64).sqrt(), "neighbours correlate: {lag}");
}
