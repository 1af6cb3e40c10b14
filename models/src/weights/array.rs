//! An array on the host.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use half::{bf16, f16};
use safetensors::tensor::Dtype;
use tensor::{Device, Tensor};

/// An array on the host, row-major, in the bytes that a file holds. Its numbers are decoded when
/// they are asked for, so that a file of many arrays stands in memory once.
#[derive(Clone)]
pub struct Array {
    /// Its axes.
    pub shape: Vec<usize>,
    dtype: Dtype,
    /// The bytes of a whole file, or of this array.
    bytes: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl Array {
    /// A part of a file.
    ///
    /// # Errors
    /// Where numbers of this type are not read here.
    pub(super) fn in_file(
        shape: Vec<usize>,
        dtype: Dtype,
        bytes: &Arc<Vec<u8>>,
        range: Range<usize>,
    ) -> Result<Self, String> {
        match dtype {
            // Whole numbers are counters, such as PyTorch's num_batches_tracked.
            Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::BF16 | Dtype::I64 => {
                Ok(Array { shape, dtype, bytes: bytes.clone(), range })
            }
            other => Err(format!("{other:?}, expected F64, F32, F16, BF16 or I64")),
        }
    }

    /// A tensor's values, in its device's precision.
    pub fn of(tensor: &Tensor) -> Self {
        let shape = tensor.shape().to_vec();
        match tensor.device().is_f64() {
            true => Array::from_f64(shape, &tensor.to_vec()),
            false => Array::from_f32(shape, &tensor.to_vec()),
        }
    }

    fn from_f64(shape: Vec<usize>, values: &[f64]) -> Self {
        Array::own(shape, Dtype::F64, values.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    fn from_f32(shape: Vec<usize>, values: &[f32]) -> Self {
        Array::own(shape, Dtype::F32, values.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    fn own(shape: Vec<usize>, dtype: Dtype, bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Array { shape, dtype, bytes: Arc::new(bytes), range }
    }

    /// The values; nothing narrower than `f64` loses by it.
    pub fn values(&self) -> Vec<f64> {
        let bytes = self.bytes();
        match self.dtype {
            Dtype::F64 => decode(bytes, f64::from_le_bytes),
            Dtype::F32 => decode(bytes, |b| f64::from(f32::from_le_bytes(b))),
            Dtype::F16 => decode(bytes, |b| f16::from_le_bytes(b).to_f64()),
            Dtype::BF16 => decode(bytes, |b| bf16::from_le_bytes(b).to_f64()),
            Dtype::I64 => decode(bytes, |b| i64::from_le_bytes(b) as f64),
            _ => unreachable!("no other type gets into an array"),
        }
    }

    /// A tensor of these values.
    pub fn to_tensor(&self, device: &Device) -> Tensor {
        match self.dtype {
            Dtype::F32 => {
                let values: Vec<f32> = decode(self.bytes(), f32::from_le_bytes);
                Tensor::from_slice(device, &self.shape[..], &values)
            }
            _ => Tensor::from_slice(device, &self.shape[..], &self.values()),
        }
    }

    /// The same, in `f32` if it is in anything else.
    pub(super) fn to_f32(&self) -> Self {
        if self.dtype == Dtype::F32 {
            return self.clone();
        }
        let values: Vec<f32> = self.values().into_iter().map(|x| x as f32).collect();
        Array::from_f32(self.shape.clone(), &values)
    }

    pub(super) fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The numbers as a file holds them: row-major, little-endian.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.range.clone()]
    }
}

fn decode<const N: usize, T>(bytes: &[u8], f: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (values, _) = bytes.as_chunks::<N>();
    values.iter().map(|&value| f(value)).collect()
}

/// Equal in every bit.
impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.dtype == other.dtype && self.bytes() == other.bytes()
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Array {:?} of {:?}", self.shape, self.dtype)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_number_is_read() {
        // 1.5, −2 and a number that has to be rounded in the narrow types.
        let read = |dtype, bytes: Vec<u8>| {
            let range = 0..bytes.len();
            Array::in_file(vec![2], dtype, &Arc::new(bytes), range).unwrap().values()
        };
        let of = |hex: [u16; 2]| hex.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        assert_eq!(read(Dtype::F16, of([0x3e00, 0xc000])), [1.5, -2.0]);
        assert_eq!(read(Dtype::BF16, of([0x3fc0, 0xc000])), [1.5, -2.0]);
        // The smallest subnormal half, and infinity.
        assert_eq!(read(Dtype::F16, of([0x0001, 0x7c00])), [2f64.powi(-24), f64::INFINITY]);
        let counters = [7i64, -1].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(read(Dtype::I64, counters), [7.0, -1.0]);
        let error = Array::in_file(vec![1], Dtype::U8, &Arc::default(), 0..0).unwrap_err();
        assert_eq!(error, "U8, expected F64, F32, F16, BF16 or I64");
    }

    #[test]
    fn a_tensor_keeps_its_bits() {
        for device in [Device::cpu(), Device::reference()] {
            let x = Tensor::from_slice(&device, [3], &[0.1, -0.0, 1e-30]);
            let back = Array::of(&x).to_tensor(&device);
            assert_eq!(x.to_vec::<f64>(), back.to_vec::<f64>());
            assert_eq!(Array::of(&x).to_f32(), Array::of(&x.to_device(&Device::cpu())));
        }
    }
}
