"""The posterior of a JAX program of the paper's model as a system of arclet's, so that NumPyro and arclet sample the same numbers.

needs: pip install jax numpyro safetensors; PEER.py has predict, load_decoder, TRUTH, LOC, SC, N, SIDE and g1d, and a job `nuts` (its
posterior is printed in its source: normal priors of 12 parameters and of 64 latent numbers, 256 x 256 pixels, noise SIGMA)
usage: paper_numpyro.py PEER.py decoder.safetensors FOLDER [SIGMA]
       python PEER.py nuts --weights decoder.safetensors --sigma SIGMA --warmup 150 --samples 150
       arclet fit FOLDER/system.json --out FOLDER/fit --chains 4 --warmup 50 --draws 200

Writes FOLDER/system.json, image.npy and psf.npy. Both start at the truth; both print seconds and least effective sample sizes.
"""

import importlib.util
import json
import pathlib
import shutil
import sys

import jax
import numpy as np

# The places of parameters in PEER's vector, and how arclet's parameter follows from it.
NAMES = {
    "shear": {"gamma1": 0, "gamma2": 1},
    "lens": {"phi": 2, "q": 3, "gamma": 4, "r_ein": 5, "center_x": 6, "center_y": 7},
    "source": {"center_x": 8, "center_y": 9, "scale": 10, "amp": 11},
}
SUPPORT = {"lens.q": (0.05, 1.0), "lens.gamma": (1.0, 3.0), "lens.r_ein": (0.0, 5.0), "source.scale": (0.0, 10.0), "source.amp": (0.0, 10.0)}


def main(peer, weights, folder, sigma="0.1"):
    spec = importlib.util.spec_from_file_location("peer", peer)
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    folder = pathlib.Path(folder)
    (folder / "source").mkdir(parents=True, exist_ok=True)
    shutil.copy(weights, folder / "source" / "decoder.safetensors")
    z = jax.random.normal(jax.random.PRNGKey(1), (64,))
    noise = jax.random.normal(jax.random.PRNGKey(2), (peer.N, peer.N))
    image = peer.predict(peer.load_decoder(weights), peer.TRUTH, z) + float(sigma) * noise
    np.save(folder / "image.npy", np.asarray(image, np.float32))
    row = np.asarray(peer.g1d, np.float32)
    np.save(folder / "psf.npy", np.outer(row, row))
    # The image of PEER is from -scale to scale. Its deflection is that of an EPL of theta_E = rE q^(-1 / 2t), t = gamma - 1, and r_ein is
    # theta_E / sqrt(q): taken at the truth, so that the prior of r_ein, wide beside its posterior, is the same to first order.
    q, t = float(peer.TRUTH[NAMES["lens"]["q"]]), float(peer.TRUTH[NAMES["lens"]["gamma"]]) - 1.0
    stretch = {"source.scale": 2.0, "lens.r_ein": q ** (-0.5 / t - 0.5)}
    components, priors = {}, {}
    for component, names in NAMES.items():
        parameters = components[component] = {}
        for name, at in names.items():
            site = f"{component}.{name}"
            times = stretch.get(site, 1.0)
            parameters[name] = {"value": times * float(peer.TRUTH[at]), "free": True}
            normal = {"loc": times * float(peer.LOC[at]), "scale": times * float(peer.SC[at])}
            low, high = SUPPORT.get(site, (None, None))
            cut = {"truncated_normal": normal | {"low": low, "high": high}} if low is not None else {"normal": normal}
            priors[site] = cut
    components["source"]["z"] = {"value": [float(x) for x in z], "free": True}
    system = {
        "data": {"image": "image.npy", "psf": "psf.npy", "pixel_scale": peer.SIDE / peer.N, "background_rms": float(sigma)},
        "lens": [
            {"name": "lens", "profile": "sple", "parameters": components["lens"]},
            {"name": "shear", "profile": "shear", "parameters": components["shear"]},
        ],
        "source": [{"name": "source", "profile": "vae", "weights": "source", "parameters": components["source"]}],
        "priors": priors,
    }
    (folder / "system.json").write_text(json.dumps(system, indent=1))


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
