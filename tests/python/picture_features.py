"""The features of pictures, by a network that `stopgrad export` wrote: a JSON object for each.

    python picture_features.py ENCODER.safetensors SIZE PICTURE...
"""

import json
import sys

import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from torchvision import models
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.transforms.v2 import functional as F


def network(name):
    """The network of our name, as torchvision has it."""
    if name != "resnet-small":
        return models.get_model(name)  # resnet18, resnet34, resnet50
    net = ResNet(BasicBlock, [1, 1, 1, 1])
    net.conv1 = nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False)
    net.bn1, net.inplanes = nn.BatchNorm2d(32), 32
    net.layer1 = net._make_layer(BasicBlock, 32, 1)
    net.layer2 = net._make_layer(BasicBlock, 64, 1, stride=2)
    net.layer3 = net._make_layer(BasicBlock, 128, 1, stride=2)
    net.maxpool = net.layer4 = nn.Identity()
    return net


def load(file):
    net = network(safe_open(file, "pt").metadata()["encoder"])
    net.fc = nn.Identity()  # what comes out are features
    missing, unexpected = net.load_state_dict(load_file(file), strict=False)
    # PyTorch counts batches beside their statistics. Nothing else may be missing.
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)
    return net.eval()


def see(picture, size):
    """The square in the middle, at the size and with the colours of training: [3, size, size]."""
    x = F.pil_to_tensor(Image.open(picture).convert("RGB")) / 255
    side = min(x.shape[1:])
    top, left = (x.shape[1] - side) // 2, (x.shape[2] - side) // 2
    x = F.resize(x[:, top : top + side, left : left + side], [size, size], antialias=True)
    return F.normalize(x, mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])


if __name__ == "__main__":
    file, size, *pictures = sys.argv[1:]
    net = load(file)
    with torch.no_grad():
        features = net(torch.stack([see(picture, int(size)) for picture in pictures]))
    for picture, row in zip(pictures, features.tolist()):
        print(json.dumps({"picture": picture, "features": row}))
