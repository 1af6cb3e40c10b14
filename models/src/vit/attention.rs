//! Attention of tokens to each other, in several heads.

use autodiff::Var;

use super::VitConfig;
use crate::layers::Linear;
use crate::{Init, Module, Parts};

/// Multi-head self-attention (Vaswani et al. 2017, section 3.2.2). Query, key and value are
/// thirds of one matrix, as in timm.
#[derive(Clone)]
pub struct Attention {
    qkv: Linear,
    proj: Linear,
    heads: usize,
}

/// Which third of `qkv`.
#[derive(Clone, Copy)]
enum Third {
    Query,
    Key,
    Value,
}

impl Attention {
    /// Attention of the width and with the heads that the config has.
    pub fn new(init: &mut Init, config: &VitConfig) -> Self {
        let VitConfig { dim, heads, first_values, .. } = *config;
        Attention {
            qkv: first_values.linear(init, dim, 3 * dim, 3),
            proj: first_values.linear(init, dim, dim, 1),
            heads,
        }
    }

    // ANCHOR: forward
    /// `[n, t, c] → [n, t, c]`: each head weighs the values by `softmax(q kᵀ / √d)`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        let [q, k, v] = [Third::Query, Third::Key, Third::Value].map(|third| self.part(x, third));
        let y = q.attention(&k, &v, scale(&q));
        self.proj.forward(&y.reshape(x.shape().clone()))
    }
    // ANCHOR_END: forward

    /// The weights of the values, `[n, heads, t, t]`; each row sums to 1.
    #[track_caller]
    pub fn map(&self, x: &Var) -> Var {
        let [q, k] = [Third::Query, Third::Key].map(|third| self.part(x, third));
        q.attention_map(&k, scale(&q))
    }

    /// `[n, t, c] → [n, t, heads, c / heads]`.
    #[track_caller]
    fn part(&self, x: &Var, third: Third) -> Var {
        let (n, t, c) = (x.shape()[0], x.shape()[1], x.shape().features());
        let start = third as usize * c;
        let y = self.qkv.forward_range(x, start..start + c);
        y.reshape([n, t, self.heads, c / self.heads])
    }
}

/// `1 / √d` for queries of `d` features.
fn scale(q: &Var) -> f64 {
    1.0 / (q.shape().features() as f64).sqrt()
}

impl Module for Attention {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("qkv", &self.qkv);
        parts.module("proj", &self.proj);
    }
}
