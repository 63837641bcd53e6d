"""Writes vae-source/tests/data/elbo.json: the ELBO of three images, by one draw of z each, and its gradient, by PyTorch.

log p(x | z) + log p(z) - log q(z | x) with p(x | z) = N(mu_d(z), 1/50), p(z) = N(0, 1), q(z | x) = N(mu_e(x), sigma_e(x)) and
z = mu_e + sigma_e eps, summed over the images; images, noise eps and weights are hashes, as network.py has them, networks are in training
mode. Of gradients every so-manieth number is kept, and the norm.

Usage: python scripts/golden/elbo.py (needs torch and numpy; made with torch 2.15.0)
"""

import json
import pathlib

import torch
from network import Decoder, Encoder, summary, tensor, weight
from torch.distributions import Normal


def load(module):
    names = [name for name in module.state_dict() if not name.endswith("num_batches_tracked")]
    state = {name: weight(name, module.state_dict()[name].shape, salt).detach() for salt, name in enumerate(names)}
    module.load_state_dict(state, strict=False)
    return module.train()


if __name__ == "__main__":
    encoder, decoder = load(Encoder()), load(Decoder())
    images = tensor((3, 1, 64, 64), 2000, 0.4, 0.4).detach()
    noise = tensor((3, 64), 3000).detach()
    mean, std = encoder(images)
    z = mean + std * noise
    (image,) = decoder(z)
    terms = {
        "x": Normal(image, 1 / 50).log_prob(images).sum(),
        "z": Normal(0.0, 1.0).log_prob(z).sum(),
        "guide": -Normal(mean, std).log_prob(z).sum(),
    }
    sum(terms.values()).backward()
    parameters = [*encoder.named_parameters(), *decoder.named_parameters()]
    table = {
        "script": "scripts/golden/elbo.py",
        "terms": {name: term.item() for name, term in terms.items()},
        "gradients": {name: summary(p.grad, 8) for name, p in parameters},
    }
    path = pathlib.Path(__file__).parents[2] / "vae-source/tests/data/elbo.json"
    path.write_text(json.dumps(table).replace('"encoder', '\n"encoder').replace('"decoder', '\n"decoder') + "\n")
