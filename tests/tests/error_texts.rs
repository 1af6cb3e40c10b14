//! What people read when something is wrong: a wrong shape is blamed on their own line, and a
//! missing gradient says why.

use autodiff::{NoGradient, Var};
use insta::assert_snapshot;
use tensor::update::{self, Ema, Rule, Sgd};
use tensor::{Conv2d, Device, Filter, Pool2d, Resize, Shape, Tensor};
use tests::panics::{Panic, catch, placeless};

fn ones<const N: usize>(shape: [usize; N]) -> Tensor {
    Tensor::ones(&Device::reference(), shape)
}

fn leaf<const N: usize>(shape: [usize; N]) -> Var {
    Var::leaf(ones(shape))
}

/// The text of a panic, which must be blamed on a line of this file.
#[track_caller]
fn error<T>(f: impl FnOnce() -> T) -> String {
    let Err(Panic { text, file, .. }) = catch(f) else { panic!("it did not fail") };
    assert!(file.ends_with("error_texts.rs"), "`{text}` is blamed on {file}");
    text
}

#[test]
fn shapes_of_products() {
    assert_snapshot!(
        error(|| ones([8, 3]).matmul(&ones([4, 5]))),
        @"matmul: [8, 3] × [4, 5]: inner dimensions 3 and 4 differ"
    );
    assert_snapshot!(
        error(|| ones([3]).matmul(&ones([3, 5]))),
        @"matmul: [3] × [3, 5]: both need at least two axes"
    );
    assert_snapshot!(
        error(|| ones([2, 4, 3]).matmul(&ones([5, 3, 4]))),
        @"matmul: [2, 4, 3] × [5, 3, 4]: the leading axes do not broadcast"
    );
    assert_snapshot!(
        error(|| leaf([8, 3]).matmul_nt(&leaf([5, 4]))),
        @"matmul: [8, 3] × [5, 4]: inner dimensions 3 and 4 differ"
    );
}

#[test]
fn shapes_of_arithmetic() {
    assert_snapshot!(
        error(|| ones([2, 3]) + ones([4])),
        @"add: [2, 3] × [4]: these shapes do not broadcast"
    );
    assert_snapshot!(
        error(|| &leaf([2, 3]) / &leaf([3, 2])),
        @"div: [2, 3] × [3, 2]: these shapes do not broadcast"
    );
    assert_snapshot!(
        error(|| ones([2]).relu_grad(&ones([3]))),
        @"relu_grad: [2] × [3]: these shapes do not broadcast"
    );
}

#[test]
fn shapes_of_choices() {
    assert_snapshot!(
        error(|| leaf([2, 3]).maximum(&leaf([4]))),
        @"maximum: [2, 3] × [4]: these shapes do not broadcast"
    );
    assert_snapshot!(
        error(|| ones([2, 3]).gt(&ones([2]))),
        @"gt: [2, 3] × [2]: these shapes do not broadcast"
    );
    assert_snapshot!(
        error(|| Var::where_cond(&ones([2]), &leaf([2, 3]), &leaf([]))),
        @"where_cond: [2] × [2, 3] × []: these shapes do not broadcast"
    );
    assert_snapshot!(error(|| leaf([2]).clamp(1.0, 0.0)), @"clamp: [2]: 1 to 0 is no range");
}

#[test]
fn shapes_of_reductions() {
    assert_snapshot!(
        error(|| leaf([0, 3]).max(&[0], false)),
        @"max: [0, 3]: there is nothing along the axes [0]"
    );
    assert_snapshot!(error(|| ones([2, 3]).min(&[2], true)), @"min: [2, 3]: there is no axis 2");
    assert_snapshot!(
        error(|| leaf([3, 0]).logsumexp(&[-1], false)),
        @"logsumexp: [3, 0]: there is nothing along the axes [-1]"
    );
    assert_snapshot!(
        error(|| leaf([3, 1]).std(&[1], false, 1.0)),
        @"std: [3, 1]: 1 elements do not exceed a correction of 1"
    );
    assert_snapshot!(
        error(|| ones([2, 0]).argmin(1)),
        @"argmin: [2, 0]: there is nothing along the axes [1]"
    );
    assert_snapshot!(
        error(|| ones([2, 3]).topk(4)),
        @"topk: [2, 3]: 4 of 3 elements were asked for"
    );
    assert_snapshot!(error(|| ones([]).argsort(true)), @"argsort: []: expected at least one axis");
    let long = Tensor::ones(&Device::cpu(), [(1 << 24) + 1]);
    assert_snapshot!(
        error(|| long.argmax(0)),
        @"argmax: [16777217]: f32 does not count to 16777217 exactly, only to 2^24"
    );
}

#[test]
fn shapes_of_convolutions() {
    let conv = Conv2d::new(1, 0);
    assert_snapshot!(
        error(|| ones([4, 4, 3]).conv2d(&ones([3, 3, 3, 8]), conv)),
        @"conv2d: [4, 4, 3]: expected 4 axes, [n, h, w, c], found 3"
    );
    assert_snapshot!(
        error(|| ones([1, 4, 4, 3]).conv2d(&ones([3, 3, 8]), conv)),
        @"conv2d: [3, 3, 8]: expected 4 axes, [kh, kw, c_in, c_out], found 3"
    );
    assert_snapshot!(
        error(|| leaf([1, 4, 4, 3]).conv2d(&leaf([3, 3, 4, 8]), conv)),
        @"conv2d: [1, 4, 4, 3] × [3, 3, 4, 8]: 3 channels meet weights for 4"
    );
    assert_snapshot!(
        error(|| ones([1, 2, 2, 3]).conv2d(&ones([3, 3, 3, 8]), conv)),
        @"conv2d: [1, 2, 2, 3] × [3, 3, 3, 8]: the kernel is larger than the image, Conv2d { \
          stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 }"
    );
    assert_snapshot!(
        error(|| ones([1, 4, 4, 3]).conv2d(&ones([3, 3, 3, 8]), Conv2d::new(0, 1))),
        @"conv2d: [1, 4, 4, 3] × [3, 3, 3, 8]: a stride, a dilation or groups of 0, Conv2d { \
          stride: [0, 0], padding: [1, 1], dilation: [1, 1], groups: 1 }"
    );
    assert_snapshot!(
        error(|| leaf([1, 4, 4, 4]).conv2d(&leaf([3, 3, 2, 5]), conv.groups(2))),
        @"conv2d: [1, 4, 4, 4] × [3, 3, 2, 5]: 2 groups do not divide 5 outputs"
    );
}

#[test]
fn shapes_of_images() {
    assert_snapshot!(
        error(|| leaf([1, 2, 2, 3]).max_pool2d(Pool2d::new(3, 2, 0))),
        @"max_pool2d: [1, 2, 2, 3]: the window is larger than the image, Pool2d { kernel: [3, 3], \
          stride: [2, 2], padding: [0, 0] }"
    );
    assert_snapshot!(
        error(|| leaf([1, 2, 2, 3]).avg_pool2d(Pool2d::new(2, 0, 0))),
        @"avg_pool2d: [1, 2, 2, 3]: a window or a stride of 0, Pool2d { kernel: [2, 2], stride: \
          [0, 0], padding: [0, 0] }"
    );
    assert_snapshot!(
        error(|| leaf([2, 2, 3]).global_avg_pool()),
        @"global_avg_pool: [2, 2, 3]: expected 4 axes, [n, h, w, c], found 3"
    );
    let resize = Resize::new(Filter::Bicubic, true);
    assert_snapshot!(
        error(|| leaf([2, 2, 3]).resize([4, 4], resize)),
        @"resize: [2, 2, 3]: expected 4 axes, [n, h, w, c], found 3"
    );
    assert_snapshot!(
        error(|| leaf([1, 0, 2, 3]).resize([4, 4], resize)),
        @"resize: [1, 0, 2, 3]: [0, 2] pixels do not make [4, 4]"
    );
    let scaled = |scale| Resize { scale: Some([scale; 2]), ..resize };
    assert_snapshot!(
        error(|| leaf([1, 2, 2, 3]).resize([4, 4], scaled(0.0))),
        @"resize: [1, 2, 2, 3]: a scale of 0"
    );
    assert_snapshot!(
        error(|| leaf([1, 2, 2, 3]).resize([4, 4], scaled(1.0))),
        @"resize: [1, 2, 2, 3]: a scale of 1 leads beyond 2 pixels"
    );
}

#[test]
fn indices() {
    let index = |values: &[f64]| Tensor::from_slice(&Device::reference(), [values.len()], values);
    assert_snapshot!(
        error(|| leaf([2, 3]).gather_rows(&index(&[1.0, 2.0]))),
        @"gather_rows: [2]: 2 is not an index below 2"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).gather_rows(&index(&[0.5]))),
        @"gather_rows: [1]: 0.5 is not an index below 2"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).gather_rows(&ones([1, 1]))),
        @"gather_rows: [1, 1]: expected 1 axes, [m], found 2"
    );
    assert_snapshot!(
        error(|| leaf([]).gather_rows(&index(&[0.0]))),
        @"gather_rows: []: expected rows, at least one axis"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).scatter_add_rows(&index(&[0.0]), 4)),
        @"scatter_add_rows: [1]: expected [2]"
    );
    assert_snapshot!(
        error(|| leaf([1, 3]).scatter_add_rows(&index(&[-1.0]), 4)),
        @"scatter_add_rows: [1]: -1 is not an index below 4"
    );
    assert_snapshot!(
        error(|| index(&[0.0, 3.0]).one_hot(3)),
        @"one_hot: [2]: 3 is not an index below 3"
    );
    let long = Tensor::zeros(&Device::cpu(), [(1 << 24) + 1, 0]);
    let one = Tensor::zeros(&Device::cpu(), [1]);
    assert_snapshot!(
        error(|| long.gather_rows(&one)),
        @"gather_rows: [1]: f32 does not count to 16777217 exactly, only to 2^24"
    );
}

#[test]
fn shapes_of_norms() {
    assert_snapshot!(
        error(|| ones([3]).batch_stats()),
        @"batch_stats: [3]: expected rows of features, at least two axes"
    );
    assert_snapshot!(
        error(|| leaf([1, 3]).batch_norm(&leaf([3]), &leaf([3]), 1e-5)),
        @"batch_stats: [1, 3]: needs at least 2 rows, one has no variance"
    );
    assert_snapshot!(
        error(|| leaf([4, 3]).batch_norm(&leaf([2]), &leaf([3]), 1e-5)),
        @"batch_norm: [2]: expected [3]"
    );
    assert_snapshot!(
        error(|| leaf([]).l2_normalize(1e-12)),
        @"l2_normalize: []: expected at least one axis"
    );
    assert_snapshot!(
        error(|| leaf([4, 3]).layer_norm(&leaf([3]), &leaf([2]), 1e-5)),
        @"layer_norm: [2]: expected [3]"
    );
    assert_snapshot!(
        error(|| leaf([2, 4, 4, 6]).group_norm(4, &leaf([6]), &leaf([6]), 1e-5)),
        @"group_norm: [2, 4, 4, 6]: 4 groups do not divide 6 channels"
    );
    assert_snapshot!(
        error(|| leaf([6]).group_norm(2, &leaf([6]), &leaf([6]), 1e-5)),
        @"group_norm: [6]: expected [n, …, c], at least two axes"
    );
}

#[test]
fn shapes_of_attention() {
    let q = leaf([1, 3, 2, 4]);
    assert_snapshot!(
        error(|| q.attention(&leaf([1, 5, 2, 4]), &leaf([1, 4, 2, 4]), 1.0)),
        @"attention: [1, 4, 2, 4]: expected [1, 5, 2, 4]"
    );
    assert_snapshot!(
        error(|| leaf([2, 3, 4]).attention(&leaf([2, 3, 4]), &leaf([2, 3, 4]), 1.0)),
        @"attention: [2, 3, 4]: expected 4 axes, [b, n, h, d], found 3"
    );
    assert_snapshot!(
        error(|| q.attention(&leaf([1, 0, 2, 4]), &leaf([1, 0, 2, 4]), 1.0)),
        @"attention: [1, 3, 2, 4] × [1, 0, 2, 4]: needs at least one key and one feature"
    );
    assert_snapshot!(
        error(|| q.attention_map(&leaf([1, 5, 2, 3]), 1.0)),
        @"matmul: [1, 2, 3, 4] × [1, 2, 5, 3]: inner dimensions 4 and 3 differ"
    );
}

#[test]
fn shapes_of_softmax_and_cross_entropy() {
    assert_snapshot!(error(|| leaf([2, 3]).softmax(2)), @"softmax: [2, 3]: there is no axis 2");
    assert_snapshot!(
        error(|| ones([2, 3]).log_softmax(-3)),
        @"log_softmax: [2, 3]: there is no axis -3"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).cross_entropy(&ones([3]))),
        @"cross_entropy: [3]: expected [2]"
    );
    assert_snapshot!(
        error(|| leaf([2, 0]).cross_entropy(&ones([2]))),
        @"cross_entropy: [2, 0]: expected rows of logits"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).soft_cross_entropy(&leaf([2, 4]))),
        @"soft_cross_entropy: [2, 4]: expected [2, 3]"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).cross_entropy(&(ones([2]) * 1.5))),
        @"cross_entropy: [2]: 1.5 is not an index below 3"
    );
}

#[test]
fn shapes_of_sums_and_views() {
    assert_snapshot!(error(|| leaf([2, 3]).sum(&[2], false)), @"sum: [2, 3]: there is no axis 2");
    assert_snapshot!(
        error(|| ones([2, 3]).mean(&[0, -2], false)),
        @"mean: [2, 3]: an axis is named twice in [0, -2]"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).reshape([4])),
        @"reshape: [2, 3]: does not hold as many as [4]"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).permute(&[0, 0])),
        @"permute: [2, 3]: [0, 0] does not name each axis once"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).slice(1, 2, 4)),
        @"slice: [2, 3]: 2..4 does not lie in axis 1"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).flip(&[0, 0])),
        @"flip: [2, 3]: an axis is named twice in [0, 0]"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).pad(&[(1, 1)], 0.0)),
        @"pad: [2, 3]: expected a pair an axis: [(1, 1)]"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).broadcast_to(&Shape::from([3, 3]))),
        @"broadcast_to: [2, 3]: does not broadcast to [3, 3]"
    );
    assert_snapshot!(
        error(|| Var::concat(&[&leaf([2, 3]), &leaf([2, 4])], 0)),
        @"concat: [2, 3] × [2, 4]: differ beside axis 0"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).diagonal()),
        @"diagonal: [2, 3]: expected a square matrix, [n, n]"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).off_diagonal()),
        @"off_diagonal: [2, 3]: expected a square matrix, [n, n]"
    );
    assert_snapshot!(
        error(|| leaf([3]).triu(0)),
        @"triu: [3]: expected matrices, at least two axes"
    );
    assert_snapshot!(
        error(|| ones([3]).tril(0)),
        @"tril: [3]: expected matrices, at least two axes"
    );
    assert_snapshot!(
        error(|| leaf([2, 3]).masked_mean(&ones([3]))),
        @"masked_mean: [3]: expected [2, 3]"
    );
    assert_snapshot!(
        error(|| leaf([]).masked_mean(&ones([]))),
        @"sum: []: there is no axis -1"
    );
    assert_snapshot!(error(|| Tensor::concat(&[], 0)), @"concat: no tensors were given");
    assert_snapshot!(error(|| ones([2, 3]).item()), @"item: [2, 3]: expected one element");
}

#[test]
fn values_and_devices() {
    let device = Device::reference();
    assert_snapshot!(
        error(|| Tensor::from_slice(&device, [2, 3], &[1.0, 2.0])),
        @"from_slice: [2, 3] holds 6 values, found 2"
    );
    let elsewhere = Tensor::ones(&Device::cpu(), [2]);
    let threads = Device::cpu().to_string();
    assert_snapshot!(
        error(|| ones([2]) + &elsewhere).replace(&threads, "cpu (N threads)"),
        @"add: [2] × [2]: on different devices, reference (f64, plain loops) and cpu (N threads)"
    );
    let sgd = Sgd { lr: 0.1, momentum: 0.9, weight_decay: 0.0, nesterov: false };
    assert_snapshot!(
        error(|| sgd.step([&ones([2]), &ones([3]), &ones([2])])),
        @"sgd_step: [3]: expected [2]"
    );
    assert_snapshot!(
        error(|| update::step(&[(Ema::of(0.9), [&ones([2]), &elsewhere])]))
            .replace(&threads, "cpu (N threads)"),
        @"ema_step: [2] × [2]: on different devices, reference (f64, plain loops) and cpu (N threads)"
    );
}

#[test]
fn backward() {
    assert_snapshot!(
        error(|| leaf([2, 3]).exp().backward()),
        @"backward: [2, 3] is not a scalar: sum or average it"
    );
    assert_snapshot!(
        error(|| leaf([2]).exp().backward_from(ones([3]))),
        @"backward: a cotangent of [3] for a value of [2]"
    );
    let y = leaf([2]).sum_all();
    let again = y.clone();
    y.backward();
    assert_snapshot!(
        placeless(&error(|| again.backward())),
        @"backward: the graph behind the `sum` made at error_texts.rs:_ was consumed by the \
          backward at error_texts.rs:_: add the losses first and call backward once"
    );
}

#[test]
fn a_missing_gradient_says_why() {
    let (x, elsewhere) = (leaf([2]), leaf([2]));
    let weight = leaf([2]);
    let y = (&x * 2.0).detach();
    let grads = (&y * &weight).sum_all().backward();
    let why = |var: &Var| placeless(&grads.get(var).unwrap_err().to_string());
    assert!(matches!(grads.get(&x), Err(NoGradient::CutOff { .. })));
    assert_snapshot!(
        why(&x),
        @"every path to the leaf made at error_texts.rs:_ ends at the `detach` at error_texts.rs:_"
    );
    assert_snapshot!(
        why(&elsewhere),
        @"the leaf made at error_texts.rs:_ is not in the graph of this loss"
    );
    assert_snapshot!(
        why(&y),
        @"the `detach` made at error_texts.rs:_ is not a leaf that asks for a gradient"
    );
}
