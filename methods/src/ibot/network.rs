//! iBOT's network: DINO's, with patches hidden on the way in and told on the way out.

use autodiff::Var;
use models::heads::{DinoHead, WeightNorm};
use models::vit::Vit;
use models::weights::Layout;
use models::{Encoder, Init, Module, Parameter, Parts};
use tensor::{Device, Tensor};

use crate::crops::by_size;
use crate::dino;

// ANCHOR: network
/// A vision transformer, what stands for a hidden patch, and the head.
#[derive(Clone)]
pub struct Network {
    /// Images `[n, h, w, 3]` to tokens; a vision transformer.
    pub encoder: Encoder,
    /// What stands for a hidden patch, `[1, c]`.
    masked_embed: Parameter,
    /// Class tokens, and patches where it is shared, to outputs.
    pub head: DinoHead,
    /// The last layer for patches, where that is not the head's.
    last_layer2: Option<WeightNorm>,
}

/// What a network makes of `g` global views and all `v`.
pub struct Outputs {
    /// Class tokens of the global views, `[g·n, c]`.
    pub features: Var,
    /// The head's outputs for the class tokens of all views, `[v·n, k]`.
    pub class: Var,
    /// The head's outputs for the patches of the global views, `[g·n, t, k]`.
    pub patches: Var,
}
// ANCHOR_END: network

impl Network {
    /// What stands for a hidden patch begins as zeros.
    pub fn new(device: &Device, encoder: Encoder, head: DinoHead) -> Self {
        let zeros = Tensor::zeros(device, [1, encoder.features()]);
        let masked_embed = Parameter::new(zeros, Layout::Plain);
        Network { encoder, masked_embed, head, last_layer2: None }
    }

    /// Gives the patches a last layer of their own.
    pub fn separate_heads(&mut self, init: &mut Init, config: &dino::Config) {
        let (d, k) = (config.bottleneck, config.out_dim);
        self.last_layer2 = Some(WeightNorm::new(init, d, k, config.norm_last_layer));
    }

    // ANCHOR: forward
    /// From global views `[g·n, h, w, 3]`, of which a mask `[g·n, t]` hides the patches that it
    /// marks with 1, and local ones `[n, h', w', 3]`.
    pub fn forward(&self, global: &Var, mask: Option<&Tensor>, local: &[Var]) -> Outputs {
        let vit = self.vit();
        let mut patches = vit.patches(global);
        if let Some(mask) = mask {
            let mask = mask.reshape([&mask.shape()[..], &[1]].concat());
            patches = Var::where_cond(&mask, &self.masked_embed.var(), &patches);
        }
        let tokens = vit.encode(&patches, vit.grid(global));
        let features = vit.pool(&tokens);
        let class = match local {
            [] => features.clone(),
            crops => Var::concat(&[&features, &by_size(crops, |x| vit.forward(x))], 0),
        };
        let patches = tokens.slice(1, vit.config().prefix(), tokens.shape()[1]);
        let patches = match &self.last_layer2 {
            None => self.head.forward(&patches),
            Some(last_layer2) => last_layer2.forward(&self.head.bottleneck(&patches)),
        };
        Outputs { features, class: self.head.forward(&class), patches }
    }
    // ANCHOR_END: forward

    /// The encoder.
    ///
    /// # Panics
    /// Where it is no vision transformer.
    #[track_caller]
    pub fn vit(&self) -> &Vit {
        let Encoder::Vit(vit) = &self.encoder else { panic!("iBOT needs a vision transformer") };
        vit
    }
}

impl Module for Network {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.parameter("encoder.masked_embed", &self.masked_embed);
        parts.module("head", &self.head);
        if let Some(last_layer2) = &self.last_layer2 {
            parts.module("head.last_layer2", last_layer2);
        }
    }
}
