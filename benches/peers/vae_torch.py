"""The PyTorch peer of the neural source's speed claims: a training step of the paper's VAE, and its decoder's value and vjp.

    python benches/peers/vae_torch.py training [--images 32]   # beside: cargo run --release -p vae-source --example training_step
    python benches/peers/vae_torch.py decoder [--images 16]    # beside: arclet bench decoder --lanes 16

A training step is the negative ELBO of a batch (one sample each) and its gradient by all weights, without the optimizer. The decoder is in
evaluation mode, its weights constant: the image and the gradient of a weighted sum of its pixels by the latent numbers. Prints one
line of JSON with the median over the runs.
"""

import argparse
import json
import time

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("task", choices=["training", "decoder"])
parser.add_argument("--images", type=int)
parser.add_argument("--runs", type=int)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--channels-last", action="store_true", help="the layout that PyTorch advises for convolutions")
parser.add_argument("--compile", action="store_true")
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
torch.manual_seed(1)
images = arguments.images or (32 if arguments.task == "training" else 1)
runs = arguments.runs or (10 if arguments.task == "training" else 100)


def down(i, o):
    return [nn.Conv2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.LeakyReLU(0.2)]


def up(i, o, *kernel):
    return [nn.ConvTranspose2d(i, o, *kernel, bias=False), nn.BatchNorm2d(o), nn.ReLU()]


encoder = nn.Sequential(
    nn.Conv2d(1, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2), *down(64, 128), *down(128, 256), *down(256, 512),
    nn.Conv2d(512, 4096, 4, 1, 0, bias=False), nn.LeakyReLU(0.2), nn.Flatten(),
)  # fmt: skip
mean, log_std = nn.Linear(4096, 64), nn.Linear(4096, 64)
decoder = nn.Sequential(
    *up(64, 512, 4, 1, 0), *up(512, 256, 4, 2, 1), *up(256, 128, 4, 2, 1), *up(128, 64, 4, 2, 1),
    nn.ConvTranspose2d(64, 1, 4, 2, 1, bias=False), nn.Tanh(),
)  # fmt: skip
everything = nn.ModuleList([encoder, mean, log_std, decoder])
for name, parameter in everything.named_parameters():
    if parameter.dim() > 1:
        nn.init.normal_(parameter, 0.0, 0.02)
    elif not name.endswith("bias"):
        nn.init.normal_(parameter, 1.0, 0.02)
if arguments.channels_last:
    everything = everything.to(memory_format=torch.channels_last)
decode = torch.compile(decoder) if arguments.compile else decoder
encode = torch.compile(encoder) if arguments.compile else encoder
x = 0.5 + 0.5 * torch.sin(0.01 * torch.arange(images * 4096)).reshape(images, 1, 64, 64)
if arguments.channels_last:
    x = x.to(memory_format=torch.channels_last)


def training():
    for parameter in everything.parameters():
        parameter.grad = None
    code = encode(x)
    mu, sigma = mean(code), log_std(code).exp()
    z = mu + sigma * torch.randn_like(mu)
    image = decode(z[:, :, None, None])
    loss = 1250 * ((image - x) ** 2).sum() + (0.5 * (mu**2 + sigma**2) - sigma.log()).sum()
    loss.backward()


if arguments.task == "decoder":
    decoder.eval()
    for parameter in decoder.parameters():
        parameter.requires_grad_(False)
latent = torch.randn(images, 64, requires_grad=True)


def value_and_vjp():
    latent.grad = None
    (decode(latent[:, :, None, None]) * x).sum().backward()


step = training if arguments.task == "training" else value_and_vjp
for _ in range(3):
    step()
times = []
for _ in range(runs):
    start = time.perf_counter()
    step()
    times.append(1e3 * (time.perf_counter() - start))
times.sort()
print(json.dumps({
    "peer": "torch " + torch.__version__, "task": arguments.task, "images": images, "threads": arguments.threads,
    "ms_median": round(times[len(times) // 2], 3), "ms_min": round(times[0], 3),
}))  # fmt: skip
