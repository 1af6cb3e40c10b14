//! What JavaScript sees: one class, whose requests and answers are JSON.

use tensor::Device;
use wasm_bindgen::prelude::*;

use crate::Demonstration;

/// A demonstration in a page.
#[wasm_bindgen]
pub struct Demo {
    demonstration: Demonstration,
    device: Device,
}

#[wasm_bindgen]
impl Demo {
    /// Opens a demonstration by its name, on `cpu` or `gpu`, with the switches of its own.
    ///
    /// # Errors
    /// Where there is no such demonstration or device, or a switch has a wrong value.
    pub async fn open(name: String, device: String, switches: String) -> Result<Demo, JsError> {
        console_error_panic_hook::set_once();
        let device = match device.as_str() {
            "gpu" => Device::gpu_async().await?,
            _ => Device::cpu(),
        };
        let demonstration = Demonstration::open(&name, &device, &switches)?;
        Ok(Demo { demonstration, device })
    }

    /// Which device it runs on, in words.
    pub fn device(&self) -> String {
        self.device.to_string()
    }

    /// Turns the switches.
    ///
    /// # Errors
    /// Where a switch has a wrong value; then nothing is changed.
    pub fn set(&mut self, switches: String) -> Result<(), JsError> {
        Ok(self.demonstration.set(&switches)?)
    }

    /// Goes on for some steps and tells what is to be seen then.
    ///
    /// # Errors
    /// Where the demonstration cannot go on.
    pub async fn advance(&mut self, steps: usize) -> Result<String, JsError> {
        Ok(self.demonstration.advance(steps).await?)
    }
}
