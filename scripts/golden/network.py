"""Writes vae-source/tests/data/network.json: values and gradients of the network's operations and of encoder and decoder, by PyTorch.

All numbers are hashes (`uniform`), rounded to f32, so that the test makes the same inputs and weights (`weight`) without a file; PyTorch then
computes in f64. The gradient is that of sum_i cos(1 + 0.7 i) y_i over the output y, row after row. Of long results every so-manieth
number is kept (`sample`), and the Euclidean norm of all.

Usage: python scripts/golden/network.py (needs torch and numpy; made with torch 2.15.0)
"""

import json
import math
import pathlib

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def uniform(count, salt):
    """Numbers between -1 and 1, each a hash of its index and the salt."""
    h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) ^ np.uint32(salt * 0x85EBCA77 & 0xFFFFFFFF)
    for shift, factor in [(16, 0x7FEB352D), (15, 0x846CA68B)]:
        h = (h ^ (h >> np.uint32(shift))) * np.uint32(factor)
    h = h ^ (h >> np.uint32(16))
    return 2 * (h.astype(float) + 0.5) / 2.0**32 - 1


def tensor(shape, salt, centre=0.0, spread=1.0):
    numbers = (centre + spread * uniform(math.prod(shape), salt)).astype(np.float32).astype(float)
    return torch.tensor(numbers.reshape(shape), requires_grad=True)


def weight(name, shape, salt):
    """A weight of a network: kernels of variance 2 / fan-in (a sixteenth of it for the linear layers), the rest near where it begins."""
    if name.endswith("running_mean") or name.endswith("bias"):
        return tensor(shape, salt, 0.0, 0.1)
    if name.endswith("running_var"):
        return tensor(shape, salt, 1.0, 0.3)
    if len(shape) == 1:
        return tensor(shape, salt, 1.0, 0.2)
    fan = 16 * shape[1] if not name.startswith("decoder") else shape[0] * (1 if name == "decoder.0.weight" else 4)
    return tensor(shape, salt, 0.0, math.sqrt(6 / fan))


def sample(x, most):
    flat = x.detach().reshape(-1)
    return flat[:: max(1, math.ceil(len(flat) / most))].tolist()


def summary(x, most=40):
    return {"norm": x.detach().norm().item(), "sample": sample(x, most)}


def backward(outputs):
    total = sum((y.reshape(-1) * torch.cos(1 + 0.7 * torch.arange(y.numel()))).sum() for y in outputs)
    total.backward()


def operations():
    def case(name, f, *shapes, **settings):
        inputs = [tensor(shape, salt) for salt, shape in enumerate(shapes)]
        y = f(*inputs)
        backward([y])
        gradients = [{"shape": list(x.shape), "gradient": summary(x.grad)} for x in inputs]
        return {"name": name, **settings, "inputs": gradients, "value": summary(y), "dims": list(y.shape)}

    cases = []
    for side, stride, padding, batch, wide, deep in [
        (4, 2, 1, 3, (2, 8, 8), (5, 4, 4)),
        (4, 2, 1, 2, (3, 32, 32), (7, 16, 16)),
        (4, 1, 0, 3, (6, 4, 4), (8, 1, 1)),
        (4, 1, 0, 2, (3, 7, 8), (4, 4, 5)),
        (3, 1, 1, 2, (4, 5, 6), (3, 5, 6)),
    ]:
        k = {"side": side, "stride": stride, "padding": padding}
        kernel = (deep[0], wide[0], side, side)
        conv = lambda x, w: F.conv2d(x, w, stride=stride, padding=padding)
        transposed = lambda x, w: F.conv_transpose2d(x, w, stride=stride, padding=padding)
        cases.append(case("conv2d", conv, (batch, *wide), kernel, kernel=k))
        cases.append(case("conv_transpose2d", transposed, (batch, *deep), kernel, kernel=k))
    for shape in [(3, 4, 5, 6), (4, 2, 8, 8)]:
        for slope in [1.0, 0.2, 0.0]:
            norm = lambda x, w, b: F.leaky_relu(F.batch_norm(x, None, None, w, b, training=True), slope)
            cases.append(case("batch_norm", norm, shape, shape[1:2], shape[1:2], slope=slope))
    cases.append(case("leaky_relu", lambda x: F.leaky_relu(x, 0.2), (2, 3, 4, 5), slope=0.2))
    cases.append(case("tanh", torch.tanh, (2, 3, 4, 5)))
    cases.append(case("linear", F.linear, (3, 37), (9, 37), (9,)))
    return cases


class Encoder(nn.Module):
    """Table D1."""

    def __init__(self):
        super().__init__()
        block = lambda i, o: [nn.Conv2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.LeakyReLU(0.2)]
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2), *block(64, 128), *block(128, 256), *block(256, 512),
            nn.Conv2d(512, 4096, 4, 1, 0, bias=False), nn.LeakyReLU(0.2),
        )  # fmt: skip
        self.encoder.mean = nn.Linear(4096, 64)
        self.encoder.log_std = nn.Linear(4096, 64)

    def forward(self, x):
        for name, layer in self.encoder.named_children():
            if name.isdigit():
                x = layer(x)
        x = x.flatten(1)
        return self.encoder.mean(x), self.encoder.log_std(x).exp()


class Decoder(nn.Module):
    """Table D2."""

    def __init__(self):
        super().__init__()
        block = lambda i, o, *a: [nn.ConvTranspose2d(i, o, *a, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
        self.decoder = nn.Sequential(
            *block(64, 512, 4, 1, 0), *block(512, 256, 4, 2, 1), *block(256, 128, 4, 2, 1), *block(128, 64, 4, 2, 1),
            nn.ConvTranspose2d(64, 1, 4, 2, 1, bias=False), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z):
        return (self.decoder(z[:, :, None, None]),)


def network(module, shape, training):
    names = [name for name in module.state_dict() if not name.endswith("num_batches_tracked")]
    state = {name: weight(name, module.state_dict()[name].shape, salt).detach() for salt, name in enumerate(names)}
    module.load_state_dict(state, strict=False)
    module.train(training)
    x = tensor(shape, 1000)
    outputs = module(x)
    backward(outputs)
    gradients = {name: summary(p.grad, 12) for name, p in module.named_parameters()}
    running = {name: summary(b, 12) for name, b in module.named_buffers() if "running" in name}
    return {
        "training": training, "weights": names, "shape": list(shape), "outputs": [summary(y) for y in outputs],
        "input_gradient": summary(x.grad), "gradients": gradients, "running": running if training else {},
    }  # fmt: skip


if __name__ == "__main__":
    table = {
        "script": "scripts/golden/network.py",
        "operations": operations(),
        "encoder": [network(Encoder(), (3, 1, 64, 64), training) for training in (False, True)],
        "decoder": [network(Decoder(), (3, 64), training) for training in (False, True)],
    }
    path = pathlib.Path(__file__).parents[2] / "vae-source/tests/data/network.json"
    path.write_text(json.dumps(table, indent=None).replace('{"name"', '\n{"name"').replace('{"training"', '\n{"training"') + "\n")
