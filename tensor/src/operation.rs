//! What every operation is made of: a CPU kernel and a GPU launch, side by side.

use std::sync::Arc;

use crate::cpu::buffer::Buffer;
use crate::device::Kind;
use crate::gpu::{Gpu, GpuBuffer};
use crate::value::Data;
use crate::{Device, Float, Shape, Tensor, check, profile};

// ANCHOR: operation
/// An operation with `I` inputs and `O` outputs, already checked: the implementing struct holds
/// its sizes. Both kernels stand in one `impl`, so an operation that lacks one does not compile.
///
/// Outputs come with arbitrary contents, and a kernel writes every element.
pub(crate) trait Operation<const I: usize, const O: usize> {
    /// Its name in messages and in profiles.
    const NAME: &'static str;
    /// Computes the outputs on the processor.
    fn cpu<T: Float>(&self, inputs: [&[T]; I], outputs: [&mut [T]; O]);
    /// Additions and multiplications, for profiles; 0 where memory sets the pace.
    fn flops(&self) -> f64 {
        0.0
    }
    /// Records what computes the outputs on the GPU.
    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; I], outputs: [&GpuBuffer; O]);
}
// ANCHOR_END: operation

/// Runs an operation where its inputs live and returns its outputs.
#[track_caller]
pub(crate) fn run<K: Operation<I, O>, const I: usize, const O: usize>(
    operation: &K,
    inputs: [&Tensor; I],
    shapes: [Shape; O],
) -> [Tensor; O] {
    check::same_device(K::NAME, &inputs);
    run_on(&inputs[0].device().clone(), operation, inputs, shapes)
}

/// As [`run`], on a device that is given: for operations without inputs.
#[track_caller]
pub(crate) fn run_on<K: Operation<I, O>, const I: usize, const O: usize>(
    device: &Device,
    operation: &K,
    inputs: [&Tensor; I],
    shapes: [Shape; O],
) -> [Tensor; O] {
    let data: [Data; O] = match &device.0 {
        Kind::Reference => run_cpu::<f64, K, I, O>(operation, inputs, &shapes).map(Data::F64),
        Kind::Cpu => run_cpu::<f32, K, I, O>(operation, inputs, &shapes).map(Data::F32),
        Kind::Gpu(gpu) => {
            for shape in &shapes {
                gpu.check_size(K::NAME, shape.elements());
            }
            let outputs = std::array::from_fn(|i| gpu.allocate(shapes[i].elements()));
            if profile::is_on() {
                gpu.scope(K::NAME, said(inputs), operation.flops());
            }
            operation.gpu(gpu, inputs.map(|x| x.as_gpu()), outputs.each_ref());
            outputs.map(|buffer| Data::Gpu(Arc::new(buffer)))
        }
    };
    let mut data = data.into_iter();
    shapes.map(|shape| Tensor::new(device.clone(), shape, data.next().expect("O outputs")))
}

fn run_cpu<T: Float, K: Operation<I, O>, const I: usize, const O: usize>(
    operation: &K,
    inputs: [&Tensor; I],
    shapes: &[Shape; O],
) -> [Arc<Buffer<T>>; O] {
    let about = || {
        let elements = |shape: &Shape| (size_of::<T>() * shape.elements()) as f64;
        let all = inputs.iter().map(|x| x.shape()).chain(shapes);
        (said(inputs), operation.flops(), all.map(elements).sum())
    };
    profile::watch(K::NAME, about, || {
        let mut outputs: [Buffer<T>; O] =
            std::array::from_fn(|i| Buffer::recycled(shapes[i].elements()));
        operation.cpu(inputs.map(T::values), outputs.each_mut().map(|buffer| &mut buffer[..]));
        outputs.map(Arc::new)
    })
}

/// The inputs' shapes, for the profile.
fn said<const I: usize>(inputs: [&Tensor; I]) -> String {
    inputs.map(|x| x.shape().to_string()).join(" ")
}
