//! The settings of a run: defaults, a file, flags and `--set`, in that order.

use std::path::Path;

use models::EncoderConfig;
use serde::{Deserialize, Serialize};
use tensor::Device;
use toml::{Table, Value};

use super::{SettingsError, ViewDevice};
use crate::registry::{self, METHODS, MethodConfig, RECIPES};

/// Everything that a run depends on; its `config.toml` is enough to repeat it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What is not the method's own.
    pub run: Run,
    /// The method's switches and recipe.
    pub method: MethodConfig,
}

/// The settings that all methods share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The method's name.
    pub method: String,
    /// The data source, one of [`SOURCES`](crate::data::SOURCES).
    pub data: String,
    /// The encoder's name.
    pub encoder: String,
    /// A file of weights that the encoder begins with; none where it is empty.
    pub weights: String,
    /// Passes over the training set.
    pub epochs: usize,
    /// Images in a batch.
    pub batch: usize,
    /// Height and width of a view.
    pub image_size: usize,
    /// What all randomness comes from.
    pub seed: u64,
    /// `auto`, `cpu`, `gpu` or `reference`.
    pub device: String,
    /// Which device makes views of decoded images: `auto`, `cpu` or `gpu`, the last only where the
    /// run is on it; `auto` is the GPU for a run on a real one.
    pub view_device: String,
    /// The most megabytes of decoded images that are kept in memory; 0 for none. Views do not
    /// depend on it.
    pub cache_mb: usize,
    /// Epochs between two k-NN measurements; 0 for none but the last.
    pub knn_every: usize,
    /// Whether a linear classifier is trained with labels beside the method, which does not notice
    /// it, and measured after each epoch.
    pub online_probe: bool,
    /// Whether the largest norm of each layer's gradient is logged, which takes a pass over the
    /// gradients.
    pub watch_gradient_norms: bool,
    /// At the ends of epochs, seconds from one checkpoint to the next; 0 for one every epoch.
    pub checkpoint_every: usize,
    /// Whether a collapse that lasts ends the run.
    pub stop_on_collapse: bool,
    /// Whether the measurements are written for TensorBoard too.
    pub tensorboard: bool,
}

impl Run {
    /// The most bytes of decoded images that are kept in memory.
    pub fn cache_bytes(&self) -> usize {
        self.cache_mb.saturating_mul(1_000_000)
    }
}

impl Settings {
    /// The settings that a method starts from: its recipe for a laptop.
    ///
    /// # Errors
    /// Where there is no such method.
    pub fn named(method: &str) -> Result<Self, SettingsError> {
        Settings::recipe(method, RECIPES[0])
    }

    /// The settings of a method's recipe, `laptop` or `imagenet`.
    ///
    /// # Errors
    /// Where there is no such method or recipe.
    pub fn recipe(method: &str, recipe: &str) -> Result<Self, SettingsError> {
        if !METHODS.contains(&method) {
            return Err(SettingsError::Method { found: method.to_owned() });
        }
        let text = registry::recipe(method, recipe)
            .ok_or_else(|| SettingsError::Recipe { found: recipe.to_owned() })?;
        let table = text.parse().expect("a test reads every recipe");
        Settings::from_table(method, table, &format!("{method}, recipe {recipe}"))
    }

    /// Settings from a table that has all of them.
    fn from_table(method: &str, mut table: Table, place: &str) -> Result<Self, SettingsError> {
        let wrong = |reason: String| SettingsError::Value { place: place.to_owned(), reason };
        let reason =
            |error: toml::de::Error| wrong(error.to_string().trim_end().replace('\n', " "));
        let own = match table.remove(method) {
            Some(Value::Table(own)) => own,
            _ => return Err(wrong(format!("no table `{method}`"))),
        };
        let config = MethodConfig::from_table(method, own)
            .ok_or_else(|| SettingsError::Method { found: method.to_owned() })?;
        let settings =
            Settings { run: table.try_into().map_err(reason)?, method: config.map_err(reason)? };
        if settings.run.method != method {
            return Err(wrong(format!("method = {}; expected {method}", settings.run.method)));
        }
        settings.check().map_err(wrong)?;
        Ok(settings)
    }

    /// One table: the run's keys, and the method's under the method's name.
    pub fn to_table(&self) -> Table {
        let serialised = "settings are numbers, words and tables, which TOML holds";
        let mut table = Table::try_from(&self.run).expect(serialised);
        let method = self.method.to_table().expect(serialised);
        table.insert(self.run.method.clone(), Value::Table(method));
        table.iter_mut().for_each(|(_, value)| shorten(value));
        table
    }

    /// The settings with one key changed: `KEY=VALUE`, the key a run's or the method's own, with
    /// dots into tables. A value that is not TOML is a word.
    ///
    /// # Errors
    /// Where there is no `=`, no such key, or the value does not fit.
    pub fn set(self, assignment: &str) -> Result<Self, SettingsError> {
        let place = format!("--set {assignment}");
        let Some((key, value)) = assignment.split_once('=') else {
            let reason = "expected KEY=VALUE".to_owned();
            return Err(SettingsError::Value { place, reason });
        };
        self.assign(key.trim(), value, &place)
    }

    /// The settings with the value of a flag; a value that is not TOML is a word.
    ///
    /// # Errors
    /// As [`set`](Settings::set).
    pub fn flag(self, key: &str, value: &str) -> Result<Self, SettingsError> {
        self.assign(key, value, &format!("--{key} {}", value.trim_matches('"')))
    }

    fn assign(self, key: &str, value: &str, place: &str) -> Result<Self, SettingsError> {
        let method = &self.run.method;
        let of_run = Table::try_from(&self.run).is_ok_and(|run| run.contains_key(key));
        let own = key.strip_prefix(&format!("{method}.")).unwrap_or(key);
        let path = if of_run { own.to_owned() } else { format!("{method}.{own}") };
        let value = toml::from_str::<Table>(&format!("value = {value}"))
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| Value::String(value.trim().to_owned()));
        let (first, rest) = path.split_once('.').unwrap_or((&path, ""));
        let nested = rest
            .rsplit('.')
            .filter(|part| !part.is_empty())
            .fold(value, |inner, part| Value::Table(Table::from_iter([(part.to_owned(), inner)])));
        self.merge(Table::from_iter([(first.to_owned(), nested)]), place)
    }

    /// The settings with those of a file put over them.
    ///
    /// # Errors
    /// Where the file cannot be read or is no TOML, or as [`set`](Settings::set).
    pub fn with_file(self, path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::File { path: path.to_owned(), source })?;
        let place = path.display().to_string();
        let changes: Table = toml::from_str(&text).map_err(|error| SettingsError::Value {
            place: place.clone(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        self.merge(changes, &place)
    }

    /// Reads the settings of a run from its folder's `config.toml`.
    ///
    /// # Errors
    /// As [`with_file`](Settings::with_file), and where the file names no method.
    pub fn of_run(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::File { path: path.to_owned(), source })?;
        let method = toml::from_str::<Table>(&text)
            .ok()
            .and_then(|table| Some(table.get("method")?.as_str()?.to_owned()));
        let Some(method) = method else {
            let reason = "names no `method`; expected the settings of a run".to_owned();
            return Err(SettingsError::Value { place: path.display().to_string(), reason });
        };
        Settings::named(&method)?.with_file(path)
    }

    /// The encoder that the settings name, for images of their size.
    ///
    /// # Errors
    /// Where there is no such encoder, it cannot take such images, or the method cannot train it.
    pub fn encoder(&self) -> Result<EncoderConfig, SettingsError> {
        let config: EncoderConfig = self.run.encoder.parse()?;
        let config = config.for_images([self.run.image_size; 2])?;
        let place = || format!("encoder `{}`", self.run.encoder);
        self.method
            .fits(&config)
            .map_err(|reason| SettingsError::Value { place: place(), reason })?;
        Ok(config)
    }

    /// The device that the settings name.
    ///
    /// # Errors
    /// Where the word is unknown, or `gpu` is asked for and none opens.
    pub fn device(&self) -> Result<Device, SettingsError> {
        device_named(&self.run.device)
    }

    /// Which device makes the views of a run on `device`.
    ///
    /// # Errors
    /// Where the word is unknown, or `gpu` is asked for and the run is not on it.
    pub fn view_device(&self, device: &Device) -> Result<ViewDevice, SettingsError> {
        match &*self.run.view_device {
            "auto" => Ok(ViewDevice::best(device)),
            "cpu" => Ok(ViewDevice::Cpu),
            "gpu" if device.adapter().is_some() => Ok(ViewDevice::Gpu),
            "gpu" => Err(SettingsError::ViewsElsewhere { device: device.name() }),
            other => Err(SettingsError::ViewDevice(other.to_owned())),
        }
    }

    fn merge(self, changes: Table, place: &str) -> Result<Self, SettingsError> {
        let mut table = self.to_table();
        overlay(&mut table, changes, "", place)?;
        Settings::from_table(&self.run.method, table, place)
    }

    fn check(&self) -> Result<(), String> {
        let run = &self.run;
        let ranges = [
            ("epochs", run.epochs, 1, 1_000_000),
            // One image has no batch statistics.
            ("batch", run.batch, 2, 65_536),
            ("image_size", run.image_size, 8, 1024),
        ];
        for (key, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(format!("{key} = {value}; expected {least} to {most}"));
            }
        }
        self.method.check()
    }
}

/// The device of a name: `auto`, `cpu`, `gpu` or `reference`.
///
/// # Errors
/// Where the word is unknown, or `gpu` is asked for and none opens.
pub fn device_named(name: &str) -> Result<Device, SettingsError> {
    match name {
        "auto" => Ok(Device::best()),
        "cpu" => Ok(Device::cpu()),
        "reference" => Ok(Device::reference()),
        "gpu" => Ok(Device::gpu()?),
        other => Err(SettingsError::Device(other.to_owned())),
    }
}

/// A norm in the words of its setting: `bn_X` is short for `X_norm`, which `true` makes batch norm
/// and `false` none.
fn spelled_out(key: String, value: Value, table: &Table) -> (String, Value) {
    let full = key.strip_prefix("bn_").map(|place| format!("{place}_norm"));
    match (full.filter(|full| table.contains_key(full)), &value) {
        (Some(full), Value::Boolean(bn)) => {
            (full, Value::String(if *bn { "bn" } else { "none" }.to_owned()))
        }
        _ => (key, value),
    }
}

/// Puts `changes` over `table`; every key has to be there already. A table that names its `rule`
/// takes the old one's place, since another rule has other keys.
fn overlay(
    table: &mut Table,
    changes: Table,
    prefix: &str,
    place: &str,
) -> Result<(), SettingsError> {
    for (key, value) in changes {
        let (key, value) = spelled_out(key, value, table);
        let Some(old) = table.get_mut(&key) else {
            let known: Vec<&str> = table.keys().map(String::as_str).collect();
            return Err(SettingsError::Key {
                place: place.to_owned(),
                key: format!("{prefix}{key}"),
                known: known.join(", "),
            });
        };
        match (old, value) {
            (Value::Table(old), Value::Table(new)) if !new.contains_key("rule") => {
                overlay(old, new, &format!("{prefix}{key}."), place)?;
            }
            (old, new) => *old = new,
        }
    }
    Ok(())
}

/// Gives numbers that are held in single precision the few digits that they were written with.
fn shorten(value: &mut Value) {
    match value {
        Value::Float(x) if f64::from(*x as f32) == *x => {
            *x = (*x as f32).to_string().parse().expect("a number is written as one");
        }
        Value::Array(values) => values.iter_mut().for_each(shorten),
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| shorten(value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use models::heads::Norm;

    use super::*;

    fn simsiam() -> Settings {
        Settings::named("simsiam").unwrap()
    }

    fn error(assignment: &str) -> String {
        simsiam().set(assignment).unwrap_err().to_string()
    }

    #[test]
    fn keys_of_the_run_and_of_the_method_are_set_alike() {
        let settings = simsiam().set("stop_gradient=false").unwrap();
        let settings = settings.set("epochs=3").unwrap().set("views.gray_p = 0.5").unwrap();
        let settings = settings.set("predictor=fixed-random").unwrap().set("base_lr=1").unwrap();
        let MethodConfig::SimSiam(config) = &settings.method else { panic!("another method") };
        assert!(!config.stop_gradient);
        assert_eq!((settings.run.epochs, config.views.gray_p, config.base_lr), (3, 0.5, 1.0));
        assert_eq!(config.predictor, crate::simsiam::Predictor::FixedRandom);
    }

    #[test]
    fn a_switch_for_batch_norm_is_short_for_the_norm() {
        let norms = |assignment: &str| {
            let settings = Settings::named("byol").unwrap().set(assignment).unwrap();
            let MethodConfig::Byol(config) = settings.method else { panic!("another method") };
            (config.projector_norm, config.predictor_norm, config.bn_output)
        };
        assert_eq!(norms("bn_projector=false"), (Norm::None, Norm::Batch, true));
        assert_eq!(norms("byol.bn_predictor=false"), (Norm::Batch, Norm::None, true));
        assert_eq!(norms("projector_norm=ln"), (Norm::Layer, Norm::Batch, true));
        assert_eq!(norms("bn_output=false"), (Norm::Batch, Norm::Batch, false));
    }

    #[test]
    fn mistakes_are_named() {
        for (assignment, parts) in [
            ("stop_gradent=false", ["unknown key `simsiam.stop_gradent`", "stop_gradient"]),
            ("stop_gradient=maybe", ["stop_gradient", "expected a boolean"]),
            ("stop_gradient", ["--set stop_gradient", "expected KEY=VALUE"]),
            ("epochs=0", ["epochs = 0", "expected 1 to"]),
            ("views.gray_p=2", ["views.gray_p = 2", "a probability"]),
            ("base_lr=-1", ["base_lr = -1", "at least 0"]),
        ] {
            let text = error(assignment);
            assert!(parts.iter().all(|part| text.contains(part)), "{assignment}: {text}");
            assert_eq!(text.lines().count(), 1, "{text}");
        }
        assert!(Settings::named("simsaim").unwrap_err().to_string().contains("byol, simsiam"));
    }

    #[test]
    fn views_are_made_where_the_settings_say() {
        let on = |word: &str, device: &Device| {
            let settings = simsiam().set(&format!("view_device={word}")).unwrap();
            settings.view_device(device).map_err(|error| error.to_string())
        };
        let cpu = Device::cpu();
        assert_eq!(on("auto", &cpu), Ok(ViewDevice::Cpu));
        assert_eq!(on("cpu", &cpu), Ok(ViewDevice::Cpu));
        let error = on("gpu", &cpu).unwrap_err();
        assert!(error.contains("the run is on the cpu; expected --device gpu"), "{error}");
        assert!(on("tpu", &cpu).unwrap_err().contains("`tpu`; expected auto, cpu or gpu"));
        if let Ok(gpu) = Device::gpu() {
            let hardware = gpu.adapter().is_some_and(|adapter| adapter.is_hardware());
            assert_eq!(on("auto", &gpu) == Ok(ViewDevice::Gpu), hardware);
            assert_eq!(on("gpu", &gpu), Ok(ViewDevice::Gpu));
        }
    }

    #[test]
    fn a_file_holds_what_was_set() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let settings = simsiam().set("symmetric=false").unwrap().set("seed=9").unwrap();
        std::fs::write(&path, toml::to_string(&settings.to_table()).unwrap()).unwrap();
        assert_eq!(Settings::of_run(&path).unwrap(), settings);
    }

    #[test]
    fn numbers_are_kept_as_they_were_written() {
        let text = toml::to_string(&Settings::named("dino").unwrap().to_table()).unwrap();
        assert!(text.contains("crop_scale = [0.4, 1.0]"), "{text}");
    }
}
