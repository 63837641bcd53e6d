"""Makes the smooth decoder that the program carries: a pupil of the trained one whose images bend less with the latent numbers.

    python scripts/smooth_decoder.py [OUT.safetensors] [--penalty 5] [--reach 2] [--steps 3000]      (NumPy, PyTorch, safetensors)

The pupil has the layers of table D2, its ReLU rounded off by ROUNDING, and begins at the weights of vae-source/weights/decoder.safetensors. With
C the covariance of encoded galaxies, a step lessens, in means over images and pixels,

    |pupil(z) - trained(z)|^2 + penalty |pupil(c + d) - 2 pupil(c) + pupil(c - d)|^2 / 4,

z a galaxy (normal with covariance C), c between the mean galaxy and a draw of the prior (covariance 9 C), d of covariance up to reach^2 C: half a second
difference, which is zero for a decoder that is linear in z. Products are of bfloat16: nine minutes on two cores that multiply it by tiles. Prints how far
the images are apart and how large half a second difference is, beside that of the trained decoder, both for galaxies that no step has seen.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

FOLDER = Path("vae-source/weights")
ROUNDING = 0.4
LAYERS = [("0", "1"), ("3", "4"), ("6", "7"), ("9", "10"), ("12", None)]
EPSILON = 1e-5
ROUNDED = ("3", "6", "9")
# How sharply the decoder knows galaxies, sigma_d^2: the loss in units of it.
VARIANCE = 1 / 50**2
MATCHED, BENT = 32, 16


def layers(tensors):
    """[kernel, bias] of each layer, batch normalisation folded in."""
    for convolution, normalisation in LAYERS:
        kernel = tensors[f"decoder.{convolution}.weight"].float()
        if normalisation is None:
            yield [kernel, None]
            continue
        scale, bias, mean, variance = (
            tensors[f"decoder.{normalisation}.{name}"].float() for name in ("weight", "bias", "running_mean", "running_var")
        )
        factor = scale / torch.sqrt(variance + EPSILON)
        yield [kernel * factor[None, :, None, None], bias - mean * factor]


class Rounded(torch.autograd.Function):
    """max(x, 0), and (x + h)^2 / (4 h) for |x| < h."""

    @staticmethod
    def forward(ctx, x):
        t = torch.clamp(x + ROUNDING, 0, 2 * ROUNDING)
        ctx.save_for_backward(t)
        return t * t / (4 * ROUNDING) + torch.relu(x - ROUNDING)

    @staticmethod
    def backward(ctx, by):
        (t,) = ctx.saved_tensors
        return by * t / (2 * ROUNDING)


def decode(weights, z, activation):
    x = z[:, :, None, None]
    for i, (kernel, bias) in enumerate(weights):
        x = F.conv_transpose2d(x, kernel, bias, stride=1 if i == 0 else 2, padding=0 if i == 0 else 1)
        x = activation(x) if i < 4 else torch.tanh(x.float())
    return x[:, 0]


def rms(x):
    return x.square().mean().sqrt().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", nargs="?", type=Path, default=FOLDER / "smooth.safetensors")
    parser.add_argument("--penalty", type=float, default=5.0)
    parser.add_argument("--reach", type=float, default=2.0)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    prior = load_file(FOLDER / "prior.safetensors")
    # The prior has nine times the covariance of galaxies.
    mean, root = prior["loc"].float(), prior["scale_tril"].float() / 3
    tensors = load_file(FOLDER / "decoder.safetensors")
    trained, pupil = list(layers(tensors)), list(layers(tensors))
    for layer in trained + pupil:
        layer[0] = layer[0].to(memory_format=torch.channels_last)
    learned = [tensor.requires_grad_() for layer in pupil for tensor in layer if tensor is not None]
    optimizer = torch.optim.Adam(learned, lr=options.rate)
    generator = torch.Generator().manual_seed(5)
    normal = lambda count: torch.randn(count, 64, generator=generator) @ root.T
    uniform = lambda count: torch.rand(count, 1, generator=generator)
    galaxies, wide, steps = mean + normal(256), mean + 3 * normal(256), normal(256)

    @torch.no_grad()
    def report():
        bend = lambda weights, activation, z: rms(
            decode(weights, z + steps, activation) + decode(weights, z - steps, activation) - 2 * decode(weights, z, activation)
        )
        apart = rms(decode(pupil, galaxies, Rounded.apply) - decode(trained, galaxies, torch.relu))
        bends = [f"{bend(pupil, Rounded.apply, z) / 2:.4f} ({bend(trained, torch.relu, z) / 2:.4f})" for z in (galaxies, wide)]
        return f"images apart {apart:.4f}, half a second difference at galaxies {bends[0]}, in the prior {bends[1]}"

    print(f"0: {report()}", flush=True)
    began = time.time()
    for step in range(1, options.steps + 1):
        optimizer.param_groups[0]["lr"] = options.rate * min(1, step / 100) * 0.5 * (1 + np.cos(np.pi * step / options.steps))
        z, c = mean + normal(MATCHED), mean + 3 * uniform(BENT) * normal(BENT)
        d = options.reach * uniform(BENT).sqrt() * normal(BENT)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            with torch.no_grad():
                aim = decode(trained, z, torch.relu)
            images = decode(pupil, torch.cat([z, c, c + d, c - d]), Rounded.apply)
        middle, one, other = images[MATCHED:].split(BENT)
        bent = (one + other - 2 * middle).square().mean() / 4
        loss = ((images[:MATCHED] - aim).square().mean() + options.penalty * bent) / VARIANCE
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 250 == 0 or step == options.steps:
            print(f"{step}: {report()}; {time.time() - began:.0f} s", flush=True)

    # The names of the trained one, with batch normalisations that only add.
    made = {}
    for (convolution, normalisation), (kernel, bias) in zip(LAYERS, pupil):
        kernel = kernel.detach().contiguous()
        # Those of the layers that cost are numbers of bfloat16, which half precision holds: products with them are a third shorter.
        made[f"decoder.{convolution}.weight"] = (kernel.bfloat16() if convolution in ROUNDED else kernel).half()
        if normalisation is not None:
            ones = torch.ones_like(bias)
            made[f"decoder.{normalisation}.weight"] = ones * np.sqrt(1 + EPSILON)
            made[f"decoder.{normalisation}.bias"] = bias.detach()
            made[f"decoder.{normalisation}.running_mean"] = torch.zeros_like(ones)
            made[f"decoder.{normalisation}.running_var"] = ones
    save_file(made, options.out)


if __name__ == "__main__":
    main()
