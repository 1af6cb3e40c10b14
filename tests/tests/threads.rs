//! A result has the same bits however many threads compute it.

use rayon::ThreadPoolBuilder;
use tensor::update::{self, Lars, Sgd};
use tensor::{Conv2d, Device, Pool2d, Tensor};

/// Runs `f` with one, two and three threads on either CPU device and compares all bits.
#[track_caller]
fn assert_same_bits(f: impl Fn(&Device) -> Vec<Tensor> + Sync) {
    for device in [Device::cpu(), Device::reference()] {
        let bits = |threads: usize| -> Vec<Vec<u64>> {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            let results = pool.install(|| f(&device));
            let of = |x: &Tensor| x.to_vec::<f64>().into_iter().map(f64::to_bits).collect();
            results.iter().map(of).collect()
        };
        let one = bits(1);
        for threads in [2, 3] {
            assert!(one == bits(threads), "{threads} threads differ from 1 on {device}");
        }
    }
}

/// Numbers whose sums round.
fn waves(device: &Device, shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let values: Vec<f64> = (0..count).map(|i| (0.37 * i as f64).sin() + 1e-3).collect();
    Tensor::from_slice(device, shape, &values)
}

#[test]
fn sums() {
    assert_same_bits(|device| {
        let x = waves(device, &[700, 129]);
        vec![x.sum_all(), x.sum(&[0], false), x.sum(&[1], false), x.mean(&[0, 1], true)]
    });
}

#[test]
fn matrix_products() {
    assert_same_bits(|device| {
        let (a, b) = (waves(device, &[150, 310]), waves(device, &[310, 170]));
        let (c, d) = (waves(device, &[5, 40, 33]), waves(device, &[5, 33, 50]));
        vec![a.matmul(&b), a.matmul_tn(&a), a.matmul_nt(&a), c.matmul(&d)]
    });
}

#[test]
fn convolutions() {
    assert_same_bits(|device| {
        let (x, w) = (waves(device, &[4, 30, 31, 8]), waves(device, &[3, 3, 8, 20]));
        let conv = Conv2d::new(1, 1);
        let y = x.conv2d(&w, conv);
        vec![x.conv2d_input_grad(&w, &y, conv), x.conv2d_weight_grad(&w, &y, conv), y]
    });
    assert_same_bits(|device| {
        let (x, w) = (waves(device, &[4, 30, 31, 8]), waves(device, &[3, 3, 1, 16]));
        let conv = Conv2d::new(1, 2).dilation(2).groups(8);
        let y = x.conv2d(&w, conv);
        vec![x.conv2d_input_grad(&w, &y, conv), x.conv2d_weight_grad(&w, &y, conv), y]
    });
}

#[test]
fn batch_norms() {
    assert_same_bits(|device| {
        let x = waves(device, &[4, 30, 31, 12]);
        let (mean, var) = x.batch_stats();
        let stats = [&mean, &var];
        let y = x.batch_norm(stats, [&var, &mean], 1e-5);
        let (dw, db) = x.batch_norm_parameter_grads(stats, &y, 1e-5);
        let dx = x.batch_norm_input_grad(stats, &var, &y, [&dw, &db], 1e-5);
        vec![y, dx, dw, db, mean, var]
    });
}

#[test]
fn reductions_and_orders() {
    assert_same_bits(|device| {
        let x = waves(device, &[300, 257]);
        let (values, indices) = x.topk(9);
        let all: &[isize] = &[0, 1];
        vec![
            x.max(all, false),
            x.min(&[0], false),
            x.var(&[0], false, 1.0),
            x.std(&[1], true, 0.0),
            x.logsumexp(all, false),
            x.logsumexp_grad(&[0], &x.slice(0, 0, 1)),
            x.argmax(0),
            x.argsort(false),
            values,
            indices,
        ]
    });
}

#[test]
fn functions_and_choices() {
    assert_same_bits(|device| {
        let x = waves(device, &[200, 129]);
        let row = x.slice(0, 1, 2);
        vec![x.gelu(), x.gelu_grad(&row), x.pow(&row), x.gt(&row).where_cond(&row, &x)]
    });
}

#[test]
fn the_rest() {
    assert_same_bits(|device| {
        let x = waves(device, &[4, 30, 31, 12]);
        let (y, tap) = x.max_pool2d(Pool2d::new(3, 2, 1));
        let dx = x.max_pool2d_grad(&tap, &y, Pool2d::new(3, 2, 1));
        vec![x.l2_normalize(1e-12), x.l2_normalize_grad(&dx, 1e-12), &x * &dx, y, tap]
    });
}

#[test]
fn updates() {
    assert_same_bits(|device| {
        let parameters = [waves(device, &[300, 331]), waves(device, &[7]), waves(device, &[5, 3])];
        let sgd = Sgd { lr: 0.1, momentum: 0.9, weight_decay: 1e-4, nesterov: true };
        let lars = Lars { lr: 0.1, momentum: 0.9, weight_decay: 1e-4, trust: 1e-3 };
        let sgd: Vec<_> = parameters.iter().map(|p| (sgd, [p, p, p])).collect();
        let lars: Vec<_> = parameters.iter().map(|p| (lars, [p, p, p])).collect();
        [update::step(&sgd), update::step(&lars)].concat().concat()
    });
}
