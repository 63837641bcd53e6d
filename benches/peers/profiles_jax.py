"""The JAX peer of `cargo bench --bench profiles`: nanoseconds a point, jitted, in float32, on one thread of the CPU.

    taskset -c 0 python benches/peers/profiles_jax.py      (JAXtronomy 0.1.5, which is lenstronomy in JAX)

256 x 256 points of 0.04": the deflection or the brightness of what JAXtronomy has, and its vector-Jacobian product by all parameters. Of the
elliptical power law (18 terms of its series, by Clenshaw's rule with a rule of its own for derivatives) and of Sersic's law `sersic_jax.py` has
functions that are faster, and below is one of a NFW halo: the faster of the two counts. Prints one line of JSON a profile, with the median over
the runs.
"""

import json
import time

import jax
import jax.numpy as jnp
import numpy as np
from jaxtronomy.LensModel.lens_model import LensModel
from jaxtronomy.LightModel.light_model import LightModel
from profile_cases import LIGHT, MASS
from profile_cases import X as X64
from profile_cases import Y as Y64
from sersic_jax import epl, sersic

X, Y = jnp.asarray(X64, jnp.float32), jnp.asarray(Y64, jnp.float32)


def nfw(x, y, Rs, alpha_Rs):
    """alpha_Rs / [(1 - ln 2) Rs] [ln(x / 2) + F(x)] / x^2, F by arctan or artanh as x is above or below 1."""
    r2 = (x * x + y * y) / (Rs * Rs) + 1e-12
    inside = jnp.sqrt(jnp.where(r2 < 1, 1 - r2, 0.5))
    outside = jnp.sqrt(jnp.where(r2 > 1, r2 - 1, 0.5))
    f = jnp.where(r2 < 1, jnp.arctanh(inside) / inside, jnp.arctan(outside) / outside)
    pull = alpha_Rs / ((1 - jnp.log(2.0)) * Rs) * (0.5 * jnp.log(r2 / 4) + f) / r2
    return pull * x, pull * y


# The parameters are those of the case in its order: centres last.
BY_HAND = {
    "epl": lambda p: epl(X - p[4], Y - p[5], p[0], p[1], p[2], p[3], 18),
    "nfw": lambda p: nfw(X - p[2], Y - p[3], p[0], p[1]),
    "sersic_lenstronomy_bn": lambda p: (sersic(X - p[5], Y - p[6], *p[:5]),),
}


# What comes back: no number that the compiler knows.
BACK = jnp.sin(jnp.arange(X.size, dtype=jnp.float32)).reshape(X.shape)


def nanoseconds(work, *given):
    """The median of 100 runs, or of as many as take three seconds."""
    jax.block_until_ready(work(*given))
    times, since = [], time.perf_counter()
    while len(times) < 5 or len(times) < 100 and time.perf_counter() - since < 3:
        start = time.perf_counter()
        jax.block_until_ready(work(*given))
        times.append(time.perf_counter() - start)
    return round(1e9 * float(np.median(times)) / X.size, 2)


def timed(field, point):
    gradient = jax.grad(lambda p, back: sum(jnp.sum(f * back) for f in field(p)))
    return nanoseconds(jax.jit(field), point), nanoseconds(jax.jit(gradient), point, BACK)


def of_library(model, kind, kwargs):
    """The field by its parameters that are not whole numbers, as a vector."""
    free = [name for name, value in kwargs.items() if isinstance(value, float)]
    def field(p):
        own = {**kwargs, **{name: p[i] for i, name in enumerate(free)}}
        return model.alpha(X, Y, [own]) if kind == "mass" else (model.surface_brightness(X, Y, [own]),)
    return field, jnp.array([kwargs[name] for name in free], jnp.float32)


for kind, cases in [("mass", MASS), ("light", LIGHT)]:
    for ours, theirs, kwargs in cases:
        try:
            model = LensModel([theirs]) if kind == "mass" else LightModel([theirs])
        except ValueError:  # A profile that JAXtronomy does not have.
            continue
        field, point = of_library(model, kind, kwargs)
        found, peer = timed(field, point), "JAXtronomy"
        if ours in BY_HAND:
            by_hand = timed(BY_HAND[ours], point)
            if by_hand < found:
                found, peer = by_hand, f"jax {jax.__version__}"
        print(json.dumps({"kind": kind, "name": ours, "peer": peer, "value": found[0], "gradient": found[1]}), flush=True)
