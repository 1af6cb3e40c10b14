//! What the chapters' programs on methods share: their flags, and the table that they print.

use std::env;
use std::error::Error;

use methods::data::Splits;
use methods::method::{Method, Output};
use methods::train::{Images, Schedule, Settings, measure};
use tensor::{Device, Tensor};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// A method's settings for a laptop, changed by the program's flags: `--epochs N`, `--set
/// KEY=VALUE`, and the given ones, each of which stands for a setting.
pub(crate) fn settings(method: &str, flags: &[(&str, &str)]) -> Outcome<Settings> {
    let mut settings = Settings::named(method)?;
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument}: expected a value"));
        settings = match (argument.as_str(), flags.iter().find(|(flag, _)| *flag == argument)) {
            (_, Some((_, assignment))) => settings.set(assignment)?,
            ("--epochs", _) => settings.flag("epochs", &value()?)?,
            ("--set", _) => settings.set(&value()?)?,
            _ => {
                let own: Vec<&str> = flags.iter().map(|(flag, _)| *flag).collect();
                let own = own.join(", ");
                let expected = format!("{own}, --epochs N or --set KEY=VALUE");
                return Err(format!("unknown argument `{argument}`: expected {expected}").into());
            }
        };
    }
    Ok(settings)
}

/// A table with a row an epoch: the mean loss, what the network does with images that were held
/// out, and what the method has watched in the last step.
pub(crate) struct Progress {
    device: Device,
    images: [Images; 2],
    sum: Tensor,
}

impl Progress {
    /// Prints the table's head.
    pub(crate) fn new(
        method: &dyn Method,
        data: &Splits,
        settings: &Settings,
        device: &Device,
    ) -> Self {
        let at = Schedule::start(&settings.run, data.train.len());
        println!("the loss of a network that knows nothing is {:.2}", method.chance_loss(&at));
        println!("epoch    loss  std·√d  RankMe    k-NN");
        let images = Images::pair(data, settings.run.image_size);
        Progress { device: device.clone(), images, sum: Tensor::scalar(device, 0.0) }
    }

    /// After each step.
    pub(crate) fn step(&mut self, method: &dyn Method, output: &Output, at: &Schedule) {
        self.sum = &self.sum + output.loss.value();
        if !(at.step + 1).is_multiple_of(at.steps_per_epoch) {
            return;
        }
        let loss = self.sum.item() / at.steps_per_epoch as f64;
        self.sum = Tensor::scalar(&self.device, 0.0);
        let now = measure(method, &self.device, &self.images, true, loss);
        let knn = now.knn.map_or("–".to_string(), |knn| format!("{knn:.1} %"));
        let epoch = at.epoch() + 1;
        print!("{epoch:5}  {loss:6.3}  {:6.2}  {:6.1}  {knn:>6}", now.std, now.rankme);
        output.watched.iter().for_each(|(name, value)| print!("  {name} {:.3}", value.item()));
        println!();
    }
}
