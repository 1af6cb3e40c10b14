//! The shape of the vision transformer that a weight file holds.

use super::{Pooling, Positions, VitConfig, WrongVit};
use crate::weights::Weights;

/// What its arrays' names and shapes tell about a network.
struct Found {
    grid: [usize; 2],
    pooling: Pooling,
    layer_scale: Option<f64>,
    dim: usize,
    patch: usize,
    depth: usize,
    hidden: usize,
}

impl VitConfig {
    /// The network in a weight file with timm's names, behind any prefix. Heads cannot be told
    /// from shapes; they are taken to be 64 wide, as in all published networks.
    ///
    /// # Errors
    /// Where the file holds no vision transformer, or none that this could be.
    pub fn of_weights(weights: &Weights) -> Result<Self, WrongVit> {
        let wrong = |reason: &str| WrongVit { name: "vit".into(), reason: reason.into() };
        let found = Found::in_file(weights)
            .ok_or_else(|| wrong("no vision transformer with timm's names in the file"))?;
        let config = VitConfig {
            patch: found.patch,
            dim: found.dim,
            depth: found.depth,
            heads: (found.dim / 64).max(1),
            mlp_ratio: found.hidden as f64 / found.dim as f64,
            ..VitConfig::tiny()
        };
        let config = config.adopt(&found);
        config.check().map(|()| config).map_err(|reason| wrong(&reason))
    }

    /// With what the name of a network does not tell and the arrays of a weight file do: the size
    /// of the images that its positions are made for, the class token, the branches' scales.
    pub fn fitting(self, weights: &Weights) -> Self {
        match Found::in_file(weights) {
            Some(found) => self.adopt(&found),
            None => self,
        }
    }

    fn adopt(self, found: &Found) -> Self {
        VitConfig {
            image: found.grid.map(|patches| patches * self.patch),
            pooling: found.pooling,
            layer_scale: found.layer_scale,
            ..self
        }
    }

    /// The network's name: what `from_str` reads as this width, depth, patch and heads.
    pub fn name(&self) -> String {
        let (base, mut name) = match self.dim {
            384 => (VitConfig::small(), "vit-small".to_owned()),
            768 => (VitConfig::base(), "vit-base".to_owned()),
            _ => (VitConfig::tiny(), "vit-tiny".to_owned()),
        };
        for (letter, own, usual) in [
            ('p', self.patch, base.patch),
            ('w', self.dim, base.dim),
            ('d', self.depth, base.depth),
            ('h', self.heads, base.heads),
        ] {
            if own != usual {
                name.push_str(&format!("-{letter}{own}"));
            }
        }
        if self.positions == Positions::SinCos {
            name.push_str("-moco");
        }
        name
    }
}

impl Found {
    fn in_file(weights: &Weights) -> Option<Self> {
        const PATCHES: &str = "patch_embed.proj.weight";
        let prefix = weights.arrays.keys().find_map(|name| {
            let prefix = name.strip_suffix(PATCHES)?;
            let is_own =
                !prefix.starts_with("optimizer.") && (prefix.is_empty() || prefix.ends_with('.'));
            is_own.then_some(prefix)
        })?;
        let shape = |name: &str| -> Option<&[usize]> {
            Some(&weights.arrays.get(&format!("{prefix}{name}"))?.shape)
        };
        let &[dim, _, patch, _] = shape(PATCHES)? else { return None };
        let &[1, tokens, _] = shape("pos_embed")? else { return None };
        let pooling = match shape("cls_token") {
            Some(_) => Pooling::ClassToken,
            None => Pooling::Mean,
        };
        let patches = match pooling {
            Pooling::ClassToken => tokens.checked_sub(1)?,
            Pooling::Mean => tokens,
        };
        let side = patches.isqrt();
        let depth =
            (0..).take_while(|i| shape(&format!("blocks.{i}.norm1.weight")).is_some()).count();
        (side * side == patches && patch > 0 && dim > 0).then_some(Found {
            grid: [side; 2],
            pooling,
            layer_scale: shape("blocks.0.ls1.gamma").map(|_| 1.0),
            dim,
            patch,
            depth,
            hidden: *shape("blocks.0.mlp.fc1.weight")?.first()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Init;
    use crate::vit::Vit;
    use tensor::Device;

    fn file(config: &VitConfig, prefix: &str) -> Weights {
        let mut weights = Weights::default();
        weights.collect(prefix, &Vit::new(&mut Init::new(&Device::cpu(), 0), config));
        weights
    }

    #[test]
    fn shapes_tell_the_network() {
        let config: VitConfig = "vit-tiny-p4-d2-w64-h1".parse().unwrap();
        let config = config.for_images([24, 24]).unwrap();
        let scaled = VitConfig { layer_scale: Some(1.0), pooling: Pooling::Mean, ..config.clone() };
        for config in [config, scaled] {
            for prefix in ["", "module.backbone."] {
                assert_eq!(VitConfig::of_weights(&file(&config, prefix)), Ok(config.clone()));
            }
            let named: VitConfig = config.name().parse().unwrap();
            assert_eq!(named.fitting(&file(&config, "")), config);
        }
        let none = VitConfig::of_weights(&Weights::default()).unwrap_err().to_string();
        assert!(none.contains("no vision transformer"), "{none}");
    }
}
