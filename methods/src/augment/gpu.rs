//! Views made on the GPU: the host decodes pictures and draws random numbers, two kernels do the
//! rest. A picture goes over once, for all its views.
//!
//! A [`Packed`] is one picture with what was drawn of it, in the words that the kernels read, and
//! can be made on any thread; a [`Sheet`] is as many of them as go over together. The kernels do
//! what [`Drawn::apply`] does, in its order: `views.wgsl` up to the colours, `blur.wgsl` the rest.
//! Sums have a fixed order, so that the same GPU makes the same bits every time.

mod packed;
#[cfg(test)]
pub(super) mod tests;

use std::sync::LazyLock;

use tensor::{Device, Kernel, KernelError, Tensor};

use crate::data::CHANNELS;
pub(crate) use packed::Packed;

/// The widest view, which `blur.wgsl` holds a row of: 12 KiB of the 16 that WebGPU allows.
pub(crate) const WIDEST: usize = 1024;
/// WebGPU allows so many workgroups along an axis.
const MOST_PICTURES: usize = 65_535;

static VIEWS: LazyLock<Kernel> = LazyLock::new(|| kernel("views", include_str!("views.wgsl")));
static BLUR: LazyLock<Kernel> = LazyLock::new(|| kernel("blur", include_str!("blur.wgsl")));

/// A kernel that knows where in a block what stands.
fn kernel(name: &str, wgsl: &str) -> Kernel {
    let constants = packed::constants() + &format!("const WIDEST = {WIDEST}u;\n");
    Kernel::new(name, constants + wgsl)
}

/// Pictures that go to the GPU together, and all that their views are made by.
pub(crate) struct Sheet {
    pictures: usize,
    pixels: Vec<u32>,
    views: Vec<Plan>,
}

/// One view of every picture of a sheet.
struct Plan {
    size: [usize; 2],
    /// For each picture where its block begins, and where it itself begins in the pixels; then the
    /// blocks.
    words: Vec<u32>,
}

/// A sheet on the GPU: a tensor of pixels, and one for each view.
pub(crate) struct Uploaded {
    pictures: usize,
    pixels: Tensor,
    views: Vec<([usize; 2], Tensor)>,
}

impl Sheet {
    /// All pictures, in order, on sheets none of which has more than `most_words`, unless a single
    /// picture has. The views have these `[height, width]`.
    pub(crate) fn of(packed: Vec<Packed>, sizes: &[[usize; 2]], most_words: usize) -> Vec<Self> {
        let mut sheets = Vec::new();
        let (mut together, mut words) = (Vec::new(), 0);
        for picture in packed {
            let more = picture.words();
            if !together.is_empty()
                && (words + more > most_words || together.len() == MOST_PICTURES)
            {
                sheets.push(Sheet::join(&std::mem::take(&mut together), sizes));
                words = 0;
            }
            words += more;
            together.push(picture);
        }
        if !together.is_empty() {
            sheets.push(Sheet::join(&together, sizes));
        }
        sheets
    }

    fn join(packed: &[Packed], sizes: &[[usize; 2]]) -> Self {
        let mut pixels = Vec::with_capacity(packed.iter().map(|each| each.pixels.len()).sum());
        let mut starts = Vec::with_capacity(packed.len());
        for each in packed {
            starts.push(pixels.len() as u32);
            pixels.extend_from_slice(&each.pixels);
        }
        let plan = |(view, &size): (usize, &[usize; 2])| {
            let mut words = vec![0; 2 * packed.len()];
            for (i, each) in packed.iter().enumerate() {
                (words[2 * i], words[2 * i + 1]) = (words.len() as u32, starts[i]);
                words.extend_from_slice(&each.views[view]);
            }
            Plan { size, words }
        };
        let views = sizes.iter().enumerate().map(plan).collect();
        Sheet { pictures: packed.len(), pixels, views }
    }

    /// The sheet on the GPU.
    ///
    /// # Errors
    /// Where the device is not a GPU.
    pub(crate) fn upload(&self, device: &Device) -> Result<Uploaded, KernelError> {
        let pixels = VIEWS.words(device, &self.pixels)?;
        let plan = |plan: &Plan| Ok((plan.size, VIEWS.words(device, &plan.words)?));
        let views = self.views.iter().map(plan).collect::<Result<_, KernelError>>()?;
        Ok(Uploaded { pictures: self.pictures, pixels, views })
    }
}

impl Uploaded {
    /// The views, each `[pictures, height, width, 3]`: `(x - mean) / std` of each channel.
    ///
    /// # Errors
    /// Where the GPU refuses a kernel.
    pub(crate) fn make(
        &self,
        mean: [f32; CHANNELS],
        std: [f32; CHANNELS],
    ) -> Result<Vec<Tensor>, KernelError> {
        let device = self.pixels.device();
        let view = |&([height, width], ref plan): &([usize; 2], Tensor)| {
            assert!(width <= WIDEST, "a view of {width} pixels; at most {WIDEST} on the GPU");
            let shape = [self.pictures, height, width, CHANNELS];
            let [rows, columns, pictures] = [height, width, self.pictures].map(|n| n as u32);
            let mut params = vec![rows, columns];
            let inputs = [&self.pixels, plan];
            let colours = VIEWS.run(device, &inputs, shape, &params, [pictures, 1])?;
            params.extend(mean.iter().map(|mean| mean.to_bits()));
            params.extend(std.iter().map(|std| (1.0 / std).to_bits()));
            BLUR.run(device, &[&colours, plan], shape, &params, [rows, pictures])
        };
        self.views.iter().map(view).collect()
    }
}

/// The views of all pictures of these sheets, each `[pictures, height, width, 3]`.
///
/// # Errors
/// Where the device is not a GPU, or refuses a kernel.
pub(crate) fn views(
    sheets: &[Sheet],
    device: &Device,
    mean: [f32; CHANNELS],
    std: [f32; CHANNELS],
) -> Result<Vec<Tensor>, KernelError> {
    let made = |sheet: &Sheet| sheet.upload(device)?.make(mean, std);
    let mut parts = sheets.iter().map(made).collect::<Result<Vec<_>, _>>()?;
    if parts.len() == 1 {
        return Ok(parts.swap_remove(0));
    }
    let count = parts.first().map_or(0, Vec::len);
    let whole = |view: usize| {
        let pieces: Vec<&Tensor> = parts.iter().map(|part| &part[view]).collect();
        Tensor::concat(&pieces, 0)
    };
    Ok((0..count).map(whole).collect())
}
