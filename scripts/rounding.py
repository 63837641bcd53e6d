"""What rounding off ReLU changes in the images of the decoder that the program carries: the table of docs/source.md.

    python scripts/rounding.py            (NumPy, JAX, safetensors)

Images of 256 latent vectors of the normal fitted to encoded galaxies, and of the prior, nine times as wide: the root mean square of what
changes, over all pixels, beside that of the images; and the standard deviation of what each activation takes.
"""

import jax.numpy as jnp
import numpy as np
from jax import lax
from safetensors.numpy import load_file

FOLDER = "vae-source/weights/"
LAYERS = [("0", "1"), ("3", "4"), ("6", "7"), ("9", "10"), ("12", None)]


def layers():
    """(kernel [height, width, deep, wide], bias), batch normalisation folded in."""
    tensors = {name: tensor.astype(np.float32) for name, tensor in load_file(FOLDER + "decoder.safetensors").items()}
    for convolution, normalisation in LAYERS:
        kernel = tensors[f"decoder.{convolution}.weight"][:, :, ::-1, ::-1].transpose(2, 3, 0, 1)
        if normalisation is None:
            yield kernel, 0.0
            continue
        get = lambda what: tensors[f"decoder.{normalisation}.{what}"]
        factor = get("weight") / np.sqrt(get("running_var") + 1e-5)
        yield kernel * factor, get("bias") - get("running_mean") * factor


def decode(layers, z, half_width):
    x, spreads = z[:, None, None, :], []
    for at, (kernel, bias) in enumerate(layers):
        stride, padding = ((1, 1), "VALID") if at == 0 else ((2, 2), "SAME")
        x = lax.conv_transpose(x, kernel, stride, padding) + bias
        if at == 4:
            return jnp.tanh(x)[..., 0], spreads
        spreads.append(float(x.std()))
        parabola = (x + half_width) ** 2 / (4 * half_width) if half_width > 0 else 0.0
        x = jnp.where(jnp.abs(x) < half_width, parabola, jnp.maximum(x, 0))


def main():
    weights = list(layers())
    prior = load_file(FOLDER + "prior.safetensors")
    normal = np.random.default_rng(1).normal(size=(256, 64))
    rms = lambda x: float(jnp.sqrt((x**2).mean()))
    print("| latent numbers of | activations, sd by layer | images, rms | h = 0.05 | 0.1 | 0.2 | 0.4 |")
    print("|---|---|---|---|---|---|---|")
    for name, widening in (("encoded galaxies", 3.0), ("the prior", 1.0)):
        z = (prior["loc"] + normal @ prior["scale_tril"].T / widening).astype(np.float32)
        images, spreads = decode(weights, z, 0.0)
        changes = [rms(decode(weights, z, h)[0] - images) for h in (0.05, 0.1, 0.2, 0.4)]
        cells = [", ".join(f"{s:.2f}" for s in spreads), f"{rms(images):.3f}", *(f"{c:.4f}" for c in changes)]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
