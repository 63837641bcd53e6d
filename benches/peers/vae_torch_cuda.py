"""The PyTorch peer of the neural source's training on a GPU: forward, backward and Adam of one batch of the paper's VAE.

    python benches/peers/vae_torch_cuda.py [--images 32] [--draws 1 10] [--steps 200]
    beside: cargo run --release -p vae-source --features cuda --example training_cuda -- time

For each number of draws: with and without TF32, step by step (eager) and as one CUDA graph, contiguous and channels-last, with the fused
Adam. The images lie on the GPU, a batch is gathered and its noise drawn there. Draws of z are one larger batch of the decoder, whose
batch normalisation takes them together (arclet: apart). Prints one line of JSON each, the median over the steps.
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--images", type=int, default=32)
parser.add_argument("--draws", type=int, nargs="+", default=[1, 10])
parser.add_argument("--steps", type=int, default=200)
arguments = parser.parse_args()
device = torch.device("cuda")
torch.backends.cudnn.benchmark = True
GALAXIES = 1024


def down(i, o):
    return [nn.Conv2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.LeakyReLU(0.2)]


def up(i, o, *kernel):
    return [nn.ConvTranspose2d(i, o, *kernel, bias=False), nn.BatchNorm2d(o), nn.ReLU()]


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2), *down(64, 128), *down(128, 256), *down(256, 512),
            nn.Conv2d(512, 4096, 4, 1, 0, bias=False), nn.LeakyReLU(0.2), nn.Flatten(),
        )  # fmt: skip
        self.mean, self.log_std = nn.Linear(4096, 64), nn.Linear(4096, 64)
        self.decoder = nn.Sequential(
            *up(64, 512, 4, 1, 0), *up(512, 256, 4, 2, 1), *up(256, 128, 4, 2, 1), *up(128, 64, 4, 2, 1),
            nn.ConvTranspose2d(64, 1, 4, 2, 1, bias=False), nn.Tanh(),
        )  # fmt: skip
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, 0.0, 0.02)
            elif not name.endswith("bias"):
                nn.init.normal_(parameter, 1.0, 0.02)

    def loss(self, x, noise):
        code = self.encoder(x)
        mu, log_std = self.mean(code), self.log_std(code)
        sigma = log_std.exp()
        z = (mu + sigma * noise).flatten(0, 1)
        image = self.decoder(z[:, :, None, None]).unflatten(0, noise.shape[:2])
        kl = (0.5 * (mu**2 + sigma**2 - 1) - log_std).sum()
        return 1250 * ((image - x) ** 2).sum() / len(noise) + kl


def milliseconds(draws, tf32, graph, channels_last):
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.manual_seed(1)
    model = Autoencoder().to(device)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5, fused=True, capturable=graph)
    galaxies = 0.5 + 0.5 * torch.sin(0.01 * torch.arange(GALAXIES * 4096, device=device)).reshape(GALAXIES, 1, 64, 64)
    picks = torch.randint(0, GALAXIES, (arguments.images,), device=device)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = model.loss(galaxies[picks], torch.randn(draws, arguments.images, 64, device=device))
        loss.backward()
        optimizer.step()
        return loss.detach()

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(11):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    run = step
    if graph:
        captured = torch.cuda.CUDAGraph()
        optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(captured):
            result = step()

        def run():
            captured.replay()
            return result

    times = []
    for _ in range(arguments.steps):
        picks.copy_(torch.randint(0, GALAXIES, (arguments.images,), device=device))
        torch.cuda.synchronize()
        start = time.perf_counter()
        loss = run().item()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times), loss


for draws in arguments.draws:
    for tf32 in [True, False]:
        for graph in [False, True]:
            for channels_last in [False, True]:
                how = {"tf32": tf32, "graph": graph, "channels_last": channels_last}
                try:
                    ms, loss = milliseconds(draws, **how)
                except RuntimeError as error:
                    print(json.dumps({"peer": "torch", "draws": draws, **how, "error": str(error).splitlines()[0]}), flush=True)
                    continue
                print(json.dumps({
                    "peer": "torch " + torch.__version__, "device": torch.cuda.get_device_name(), "images": arguments.images,
                    "draws": draws, **how, "ms_median": round(ms, 3), "images_per_second": round(1e3 * arguments.images / ms),
                    "loss": loss,
                }), flush=True)  # fmt: skip
