"""Exchanges a network with PyTorch and compares its features: `check_export.py NETWORK FOLDER`.

FOLDER holds `ours.safetensors`, a network's weights as this repository writes them, and
`ours-features.safetensors`, images `x` and the `features` that it found for them. They are
compared with PyTorch's. Then `theirs.safetensors` and `theirs-features.safetensors` are written,
the same from a network of PyTorch's own, for the way back.
"""

import sys
from pathlib import Path

import timm
import torch
import torchvision
from safetensors.torch import load_file, save_file

NETWORKS = {
    "resnet18": torchvision.models.resnet18,
    "resnet34": torchvision.models.resnet34,
    "resnet50": torchvision.models.resnet50,
    "vit-tiny": lambda: timm.create_model("vit_tiny_patch16_224", img_size=64),
}
# The part that turns features into classes, which is not ours to have.
CLASSIFIERS = ("fc", "head")


def features(network, x):
    """What the classifier is given, in evaluation mode."""
    for name in CLASSIFIERS:
        if hasattr(network, name):
            setattr(network, name, torch.nn.Identity())
    with torch.no_grad():
        return network.eval()(x)


def load(network, state):
    """Takes a state dict in which nothing may be missing but the classifier."""
    missing, unexpected = network.load_state_dict(state, strict=False)
    missing = [name for name in missing if name.split(".")[0] not in CLASSIFIERS]
    # PyTorch counts batches; it does without the counts.
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    assert not missing and not unexpected, f"missing {missing}, unexpected {unexpected}"


def main(name, folder):
    torch.manual_seed(0)
    network = NETWORKS[name]()
    load(network, load_file(folder / "ours.safetensors"))
    ours = load_file(folder / "ours-features.safetensors")
    found, expected = features(network, ours["x"]), ours["features"]
    error = (found - expected).abs().max() / expected.abs().max()
    print(f"{name}: PyTorch finds our features with a relative error of {error:.1e}")
    assert error < 1e-5

    network = NETWORKS[name]()
    x = torch.randn(ours["x"].shape)
    network.train()(x)  # running statistics that are not the first ones
    save_file(network.state_dict(), folder / "theirs.safetensors")
    torch.save({"epoch": 1, "state_dict": network.state_dict()}, folder / "theirs.pth")
    theirs = {"x": x, "features": features(network, x)}
    save_file(theirs, folder / "theirs-features.safetensors")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
