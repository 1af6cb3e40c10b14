"""Times PyTorch on the work that `stopgrad bench` does, and prints the same JSON lines.

    python tests/python/bench.py simsiam-resnet18 [--device cpu|cuda] [--threads N] [--repeats N]

Work: simsiam-resnet18, simsiam-resnet18-b512, moco-v3-vit-tiny, ops. f32, eager, channels last for
the ResNet. On cuda the tensor cores' TF32 is off, since it is not f32.
"""

import argparse
import copy
import json
import resource
import time

import torch
import torch.nn.functional as F
from torch import nn

BATCH = 64


def head(widths, affine_last, last_bn, bias_last):
    layers = []
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        last = i == len(widths) - 2
        layers.append(nn.Linear(a, b, bias=last and bias_last))
        if not last:
            layers += [nn.BatchNorm1d(b), nn.ReLU(inplace=True)]
        elif last_bn:
            layers.append(nn.BatchNorm1d(b, affine=affine_last))
    return nn.Sequential(*layers)


def simsiam_resnet18(batch):
    import torchvision

    encoder = torchvision.models.resnet18(num_classes=1)
    encoder.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    encoder.maxpool = nn.Identity()
    encoder.fc = nn.Identity()
    encoder = encoder.to(memory_format=torch.channels_last)
    projector = head([512, 2048, 2048, 2048], False, True, False)
    predictor = head([2048, 512, 2048], True, False, True)
    parameters = [p for m in (encoder, projector, predictor) for p in m.parameters()]
    sgd = torch.optim.SGD(parameters, lr=0.0125, momentum=0.9, weight_decay=1e-4)
    images = [torch.randn(batch, 3, 32, 32) for _ in range(2)]
    views = [x.to(memory_format=torch.channels_last) for x in images]

    def step():
        z = [projector(encoder(x)) for x in views]
        p = [predictor(z) for z in z]
        cosine = F.cosine_similarity
        loss = -(cosine(p[0], z[1].detach()).mean() + cosine(p[1], z[0].detach()).mean()) / 2
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return loss

    return step


def moco_v3_vit_tiny():
    import timm

    def network():
        vit = timm.models.VisionTransformer(
            img_size=32, patch_size=4, embed_dim=192, depth=12, num_heads=3, num_classes=0
        )
        return nn.Sequential(vit, head([192, 1024, 1024, 256], False, True, False))

    base = network()
    momentum = copy.deepcopy(base).requires_grad_(False)
    predictor = head([256, 1024, 256], False, True, False)
    parameters = list(base.parameters()) + list(predictor.parameters())
    adamw = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.1)
    views = [torch.randn(BATCH, 3, 32, 32) for _ in range(2)]
    labels = torch.arange(BATCH)

    def contrast(q, k):
        logits = F.normalize(q, dim=1) @ F.normalize(k, dim=1).T / 0.2
        return F.cross_entropy(logits, labels) * 0.4

    def step():
        q = [predictor(base(x)) for x in views]
        with torch.no_grad():
            k = [momentum(x) for x in views]
        loss = contrast(q[0], k[1]) + contrast(q[1], k[0])
        adamw.zero_grad()
        loss.backward()
        adamw.step()
        with torch.no_grad():
            for old, new in zip(momentum.parameters(), base.parameters()):
                old.mul_(0.99).add_(new, alpha=0.01)
        return loss

    return step


def differentiated(name, inputs, operation):
    """The operation alone, and with the gradients of all its inputs."""
    leaves = [x.clone().requires_grad_() for x in inputs]

    def forward():
        with torch.no_grad():
            return operation(*inputs)

    dy = torch.ones_like(forward())

    def both():
        return torch.autograd.grad(operation(*leaves), leaves, dy)

    return [(name, forward), (f"{name} +grad", both)]


def attention(q, k, v):
    # It takes the heads before the tokens, of any strides.
    turned = [x.transpose(1, 2) for x in (q, k, v)]
    return F.scaled_dot_product_attention(*turned).transpose(1, 2)


def ops():
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    works = [("matmul 1024x1024x1024", lambda: a @ b)]
    shapes = [(64, 64, 3, 32), (128, 128, 3, 16), (256, 256, 3, 8), (512, 512, 3, 4), (256, 64, 1, 16)]
    for c_in, c_out, kernel, size in shapes:
        x = torch.randn(64, c_in, size, size).to(memory_format=torch.channels_last)
        w = torch.randn(c_out, c_in, kernel, kernel).to(memory_format=torch.channels_last)
        name = f"conv {kernel}x{kernel} {c_in}->{c_out} {size}x{size}"
        padding = kernel // 2
        works += differentiated(name, [x, w], lambda x, w, padding=padding: F.conv2d(x, w, padding=padding))
    x = torch.randn(64, 64, 32, 32).to(memory_format=torch.channels_last)
    works += differentiated(
        "batch_norm 64x32x32x64",
        [x, torch.randn(64), torch.randn(64)],
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
    )
    works += differentiated(
        "layer_norm 4160x192",
        [torch.randn(4160, 192), torch.randn(192), torch.randn(192)],
        lambda x, w, b: F.layer_norm(x, (192,), w, b),
    )
    qkv = [torch.randn(64, 65, 3, 64) for _ in range(3)]
    works += differentiated("attention 64x65x3x64", qkv, attention)
    works += differentiated("gelu 4160x768", [torch.randn(4160, 768)], F.gelu)
    return works


def measure(name, step, images, warm_ups, repeats, device):
    def once():
        step()
        if device == "cuda":
            torch.cuda.synchronize()

    for _ in range(warm_ups):
        once()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    times.sort()
    middle = len(times) // 2
    seconds = times[middle] if len(times) % 2 else (times[middle - 1] + times[middle]) / 2
    if device == "cuda":
        where, peak = torch.cuda.get_device_name(), torch.cuda.max_memory_allocated()
    else:
        where, peak = "cpu", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        json.dumps(
            {
                "work": name,
                "device": f"pytorch {torch.__version__}, {where}",
                "seconds": seconds,
                "range": [times[0], times[-1]],
                "images_per_second": images / seconds if images else None,
                "peak_bytes": peak,
            }
        ),
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    steps = {
        "simsiam-resnet18": (lambda: simsiam_resnet18(BATCH), BATCH),
        "simsiam-resnet18-b512": (lambda: simsiam_resnet18(512), 512),
        "moco-v3-vit-tiny": (moco_v3_vit_tiny, BATCH),
    }
    parser.add_argument("work", choices=[*steps, "ops"])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warm-ups", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.device == "cuda":
        if not torch.cuda.is_available():
            parser.error("--device cuda: this PyTorch finds no CUDA device; expected cpu")
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.set_default_device("cuda")
    torch.manual_seed(0)
    if arguments.work == "ops":
        works, images = ops(), 0
    else:
        make, images = steps[arguments.work]
        works = [(arguments.work, make())]
    for name, step in works:
        measure(name, step, images, arguments.warm_ups, arguments.repeats, arguments.device)


if __name__ == "__main__":
    main()
