//! `augment/…`: operations on pictures, on the host and in `f32` whatever the device.

use anyhow::{Context, Result, bail, ensure};
use methods::augment::{
    Crop, Interpolation, brightness, contrast, crop_resize, gaussian_blur, grayscale, hflip, hue,
    normalize, saturation, solarize,
};
use methods::data::{CHANNELS, Image};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Compute;
use super::case::{Results, Session};
use crate::array::Array;

const NAMES: &[&str] = &[
    "brightness",
    "color_jitter",
    "contrast",
    "crop_resize",
    "gaussian_blur",
    "grayscale",
    "hflip",
    "hue",
    "normalize",
    "pipeline",
    "saturation",
    "solarize",
];

pub(super) fn find(name: &str) -> Option<Compute> {
    NAMES.contains(&name).then_some(compute)
}

fn compute(s: &Session) -> Result<Results> {
    let name = s.case.id.trim_start_matches("augment/");
    let images = images(s.case.array("in/x")?)?.into_iter();
    let changed: Vec<Image> =
        images.map(|image| apply(name, s.case.settings(), image)).collect::<Result<_>>()?;
    Ok(Results::default().out_array("y", &array(&changed)?).in_single_precision())
}

fn apply(name: &str, config: &Value, image: Image) -> Result<Image> {
    let number = |key: &str| setting::<f32>(config, key);
    Ok(match name {
        "brightness" => brightness(image, number("factor")?),
        "contrast" => contrast(image, number("factor")?),
        "saturation" => saturation(image, number("factor")?),
        "hue" => hue(image, number("factor")?),
        "color_jitter" => {
            let order: Vec<String> = setting(config, "order")?;
            order.iter().try_fold(image, |image, name| {
                apply(name, &serde_json::json!({ "factor": number(name)? }), image)
            })?
        }
        "crop_resize" => {
            let crop = Crop {
                top: setting(config, "top")?,
                left: setting(config, "left")?,
                height: setting(config, "height")?,
                width: setting(config, "width")?,
            };
            let kind: Interpolation = setting(config, "interpolation")?;
            crop_resize(&image, crop, setting(config, "size")?, kind)
        }
        "gaussian_blur" => gaussian_blur(&image, setting(config, "kernel_size")?, number("sigma")?),
        "grayscale" => grayscale(image),
        "hflip" => hflip(image),
        "normalize" => normalize(image, setting(config, "mean")?, setting(config, "std")?),
        "solarize" => solarize(image, number("threshold")?),
        "pipeline" => {
            let ops: Vec<Value> = setting(config, "ops")?;
            ops.iter()
                .try_fold(image, |image, op| apply(&setting::<String>(op, "op")?, op, image))?
        }
        _ => bail!("unknown op `{name}`"),
    })
}

fn setting<T: DeserializeOwned>(config: &Value, key: &str) -> Result<T> {
    let value = config.get(key).with_context(|| format!("no `{key}` in the config"))?;
    serde_json::from_value(value.clone()).with_context(|| format!("config `{key}` = {value}"))
}

/// The pictures of an array `[n, c, h, w]`.
fn images(x: &Array) -> Result<Vec<Image>> {
    let &[_, CHANNELS, height, width] = &x.shape[..] else {
        bail!("in/x has shape {:?}, expected [n, {CHANNELS}, h, w]", x.shape)
    };
    let pixels = x.permute(&[0, 2, 3, 1]).values;
    let image = |pixels: &[f64]| {
        Image::new(height, width, pixels.iter().map(|&value| value as f32).collect())
    };
    Ok(pixels.chunks_exact(height * width * CHANNELS).map(image).collect())
}

/// Pictures of one size as an array `[n, c, h, w]`.
fn array(images: &[Image]) -> Result<Array> {
    let Some(Image { height, width, .. }) = images.first() else { bail!("in/x is empty") };
    let same = images.iter().all(|image| (image.height, image.width) == (*height, *width));
    ensure!(same, "the pictures come out in different sizes");
    let values = images.iter().flat_map(|image| image.pixels.iter().map(|&x| f64::from(x)));
    let shape = vec![images.len(), *height, *width, CHANNELS];
    Ok(Array { shape, values: values.collect() }.permute(&[0, 3, 1, 2]))
}
