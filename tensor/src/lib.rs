//! n-dimensional arrays on three devices.
//!
//! ```
//! use tensor::{Device, Tensor};
//!
//! let device = Device::cpu();
//! let x = Tensor::from_slice(&device, [2, 3], &[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]);
//! let w = Tensor::full(&device, [3, 1], 1.0);
//! let y = x.matmul(&w) + 0.5;
//! assert_eq!(y.to_vec::<f32>(), [6.5, 15.5]);
//! ```
//!
//! Three rules hold everywhere:
//!
//! - **The last axis holds the features.** Images are `[n, h, w, c]`, vectors `[n, c]`.
//! - **Tensors are contiguous, immutable values.** Cloning is free; an operation makes a new
//!   tensor; broadcasting and transposes are arguments of a kernel, not tricks with strides.
//! - **An operation has one place**, under [`ops`]: its meaning, its shape check and its CPU
//!   kernel in `ops/NAME.rs`, its GPU kernel in `ops/NAME.wgsl` beside it.
//!
//! A wrong shape is a programmer's error and panics at the caller's line, naming the operation
//! and the shapes. What comes from outside (an adapter that is not there) is a `Result`.

mod check;
mod cpu;
mod device;
mod error;
mod float;
mod gpu;
mod kernel;
mod operation;
pub mod ops;
pub mod profile;
mod shape;
mod span;
mod taps;
pub mod update;
mod value;
mod walk;

pub use cpu::buffer::release_memory;
pub use cpu::parallel::lead_from_this_thread;
pub use device::Device;
pub use error::{DeviceError, KernelError};
pub use float::{Element, Float};
pub use gpu::{AdapterKind, AdapterReport, GpuCounters, adapters};
pub use kernel::Kernel;
pub use ops::conv2d::Conv2d;
pub use ops::pool2d::Pool2d;
pub use ops::random::{Random, philox};
pub use ops::resize::Resize;
pub use shape::Shape;
pub use taps::{Filter, Taps};
pub use value::Tensor;
