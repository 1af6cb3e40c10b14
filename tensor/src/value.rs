//! The tensor: a shape and a shared buffer.

use std::fmt;
use std::sync::Arc;

use crate::cpu::buffer::Buffer;
use crate::device::Kind;
use crate::gpu::{GpuBuffer, wait};
use crate::{Device, Element, Shape, check};

// ANCHOR: tensor
/// An immutable n-dimensional array. Cloning shares the buffer.
#[derive(Clone)]
pub struct Tensor {
    device: Device,
    shape: Shape,
    data: Data,
}

#[derive(Clone)]
pub(crate) enum Data {
    F64(Arc<Buffer<f64>>),
    F32(Arc<Buffer<f32>>),
    Gpu(Arc<GpuBuffer>),
}
// ANCHOR_END: tensor

impl Tensor {
    pub(crate) fn new(device: Device, shape: Shape, data: Data) -> Self {
        Tensor { device, shape, data }
    }

    /// A tensor of the given values, row-major: the last axis varies fastest.
    ///
    /// # Panics
    /// Where the number of values is not the shape's.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.to_vec::<f32>(), [1.0, 2.0, 3.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn from_slice<T: Element>(device: &Device, shape: impl Into<Shape>, values: &[T]) -> Self {
        let shape = shape.into();
        let expected = shape.elements();
        assert!(
            values.len() == expected,
            "from_slice: {shape} holds {expected} values, found {}",
            values.len()
        );
        let data = match &device.0 {
            Kind::Reference => {
                Data::F64(Arc::new(Buffer::collect(values.iter().map(|x| x.to_f64()))))
            }
            Kind::Cpu => Data::F32(Arc::new(Buffer::collect(
                values.iter().map(|x| f32::from_f64(x.to_f64())),
            ))),
            Kind::Gpu(gpu) => {
                gpu.check_size("from_slice", expected);
                let host: Vec<f32> = values.iter().map(|x| f32::from_f64(x.to_f64())).collect();
                Data::Gpu(Arc::new(gpu.upload(&host)))
            }
        };
        Tensor::new(device.clone(), shape, data)
    }

    /// A tensor of rank 0.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// assert_eq!(Tensor::scalar(&Device::cpu(), 2.5).item(), 2.5);
    /// ```
    pub fn scalar(device: &Device, value: f64) -> Self {
        Tensor::full(device, [], value)
    }

    /// A tensor of zeros.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// assert_eq!(Tensor::zeros(&Device::cpu(), [2]).to_vec::<f32>(), [0.0, 0.0]);
    /// ```
    pub fn zeros(device: &Device, shape: impl Into<Shape>) -> Self {
        Tensor::full(device, shape, 0.0)
    }

    /// A tensor of ones.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// assert_eq!(Tensor::ones(&Device::cpu(), [2]).to_vec::<f32>(), [1.0, 1.0]);
    /// ```
    pub fn ones(device: &Device, shape: impl Into<Shape>) -> Self {
        Tensor::full(device, shape, 1.0)
    }

    /// Where the tensor lives.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// assert_eq!(Tensor::ones(&Device::cpu(), [2]).device().name(), "cpu");
    /// ```
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The lengths of its axes.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// assert_eq!(Tensor::ones(&Device::cpu(), [2, 3]).shape().as_slice(), [2, 3]);
    /// ```
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The values on the host, row-major. The only place where the host waits for a GPU.
    ///
    /// # Panics
    /// For a tensor on a GPU in a browser, which cannot wait: await [`read`](Self::read) there.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[1.0f64, 2.0]);
    /// assert_eq!(x.to_vec::<f64>(), [1.0, 2.0]); // whatever the device computes in
    /// ```
    #[track_caller]
    pub fn to_vec<T: Element>(&self) -> Vec<T> {
        wait::value_of(self.read()).unwrap_or_else(|| {
            panic!("to_vec: a browser cannot wait for its GPU; use `read().await`")
        })
    }

    /// As [`to_vec`](Self::to_vec), for whoever cannot wait: at once on a processor, and on a GPU
    /// when all that was recorded before the call has run. Several reads may be on their way.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// # pollster::block_on(async {
    /// let x = Tensor::from_slice(&Device::cpu(), [2], &[1.0, 2.0]);
    /// let (sum, product) = (x.sum_all().read::<f64>(), (&x * &x).read::<f32>());
    /// assert_eq!((sum.await, product.await), (vec![3.0], vec![1.0, 4.0]));
    /// # });
    /// ```
    pub fn read<T: Element>(&self) -> impl Future<Output = Vec<T>> + use<T> {
        let (values, coming) = match &self.data {
            Data::F64(x) => (x.iter().map(|&x| T::from_f64(x)).collect(), None),
            Data::F32(x) => (x.iter().map(|&x| T::from_f64(x.to_f64())).collect(), None),
            Data::Gpu(x) => {
                let gpu = self.device.as_gpu().expect("a GPU's buffer lives on the GPU");
                (Vec::new(), Some(gpu.read(x)))
            }
        };
        async move {
            match coming {
                None => values,
                Some(read) => read.await.iter().map(|&x| T::from_f64(x.to_f64())).collect(),
            }
        }
    }

    /// The value of a tensor with one element.
    ///
    /// # Panics
    /// Where there is not exactly one.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// assert_eq!(Tensor::ones(&Device::cpu(), [3]).sum_all().item(), 3.0);
    /// ```
    #[track_caller]
    pub fn item(&self) -> f64 {
        if self.shape.elements() != 1 {
            check::fail("item", &[self], "expected one element");
        }
        self.to_vec::<f64>()[0]
    }

    /// The same values in another shape, without a copy.
    ///
    /// # Panics
    /// Where the number of elements differs.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::ones(&Device::cpu(), [2, 3]).reshape([6]);
    /// assert_eq!(x.shape().as_slice(), [6]);
    /// ```
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        if shape.elements() != self.shape.elements() {
            check::fail("reshape", &[self], format_args!("does not hold as many as {shape}"));
        }
        Tensor::new(self.device.clone(), shape, self.data.clone())
    }

    /// The same values on another device, by way of the host.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::ones(&Device::cpu(), [2]).to_device(&Device::reference());
    /// assert!(x.device().is_f64());
    /// ```
    #[track_caller]
    pub fn to_device(&self, device: &Device) -> Self {
        if *device == self.device {
            return self.clone();
        }
        Tensor::from_slice(device, &self.shape, &self.to_vec::<f64>())
    }

    /// Bytes that the values take on the device.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// assert_eq!(Tensor::ones(&Device::cpu(), [2, 3]).bytes(), 24);
    /// ```
    pub fn bytes(&self) -> usize {
        self.shape.elements() * if self.device.is_f64() { 8 } else { 4 }
    }

    /// What tells buffers apart: tensors that share one have the same number, others that are
    /// alive have another.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::ones(&Device::cpu(), [2, 3]);
    /// assert_eq!(x.reshape([6]).buffer_id(), x.buffer_id());
    /// assert_ne!(x.exp().buffer_id(), x.buffer_id());
    /// ```
    pub fn buffer_id(&self) -> usize {
        match &self.data {
            Data::F64(x) => Arc::as_ptr(x).addr(),
            Data::F32(x) => Arc::as_ptr(x).addr(),
            Data::Gpu(x) => Arc::as_ptr(x).addr(),
        }
    }

    pub(crate) fn as_f64(&self) -> &[f64] {
        match &self.data {
            Data::F64(x) => x,
            _ => unreachable!("only called on the reference device"),
        }
    }

    pub(crate) fn as_f32(&self) -> &[f32] {
        match &self.data {
            Data::F32(x) => x,
            _ => unreachable!("only called on the CPU device"),
        }
    }

    pub(crate) fn as_gpu(&self) -> &GpuBuffer {
        match &self.data {
            Data::Gpu(x) => x,
            _ => unreachable!("only called on the GPU device"),
        }
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        write!(f, "Tensor {} on {}: ", self.shape, self.device.name())?;
        let values: Vec<f64> = self.to_vec();
        if values.len() <= SHOWN {
            write!(f, "{values:?}")
        } else {
            write!(f, "{:?} …", &values[..SHOWN])
        }
    }
}
