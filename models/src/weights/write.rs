//! Writing `safetensors`.

use safetensors::SafeTensorError;
use safetensors::tensor::TensorView;

use super::{Array, Weights};
use crate::{Module, Part};

impl Weights {
    /// All parameters and buffers of a module, each name behind `prefix`.
    pub fn collect(&mut self, prefix: &str, module: &dyn Module) {
        for (name, part) in module.parts() {
            let array = match part {
                Part::Parameter(p) => Array::of(&p.layout().to_torch(p.var().value())),
                Part::Buffer(buffer) => Array::of(&buffer.value()),
                Part::Mode(_) => continue,
            };
            self.arrays.insert(format!("{prefix}{name}"), array);
        }
    }

    /// The file's bytes; arrays are kept as they are if `wide`, else rounded to `f32`.
    ///
    /// # Errors
    /// Where the format cannot hold them.
    pub fn to_bytes(&self, wide: bool) -> Result<Vec<u8>, SafeTensorError> {
        let kept = |array: &Array| if wide { array.clone() } else { array.to_f32() };
        let arrays: Vec<(&String, Array)> =
            self.arrays.iter().map(|(name, array)| (name, kept(array))).collect();
        let views = arrays
            .iter()
            .map(|(name, a)| Ok((name, TensorView::new(a.dtype(), a.shape.clone(), a.bytes())?)))
            .collect::<Result<Vec<_>, SafeTensorError>>()?;
        let metadata = (!self.metadata.is_empty()).then(|| self.metadata.clone());
        safetensors::serialize(views, metadata)
    }
}
