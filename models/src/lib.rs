//! Layers, networks and heads, with named parameters and weight files.
//!
//! A layer is a struct of parameters with `forward`. Training or evaluation mode is set on the
//! module, so that a method reads like its pseudocode:
//!
//! ```
//! use autodiff::Var;
//! use models::{Init, Module, resnet::{ResNet, ResNetConfig}};
//! use tensor::{Device, Tensor};
//!
//! let device = Device::cpu();
//! let f = ResNet::new(&mut Init::new(&device, 0), &ResNetConfig::small());
//! f.train(true);
//! let x = Var::constant(Tensor::zeros(&device, [2, 32, 32, 3]));
//! assert_eq!(f.forward(&x).shape().as_slice(), [2, 128]);
//! ```

mod encoder;
pub mod heads;
mod init;
pub mod layers;
mod module;
pub mod resnet;
pub mod summary;
pub mod vit;
pub mod weights;

pub use encoder::{Encoder, EncoderConfig, EncoderError};
pub use init::Init;
pub use module::{Buffer, Mode, Module, Parameter, Part, Parts};
