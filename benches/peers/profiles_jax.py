"""The JAX peer of `cargo bench --bench profiles`: nanoseconds a point, jitted, in float32, on one thread of the CPU.

    taskset -c 0 python benches/peers/profiles_jax.py

256 x 256 points of 0.04": the deflection of the elliptical power law (18 terms of its series, by Clenshaw's rule with a rule of its own for
derivatives) and of a NFW halo, the brightness of Sersic's law; and the gradient of its sum by all parameters. The functions of the power law and
of Sersic's are those of `sersic_jax.py`. Prints one line of JSON a profile, with the median over the runs.
"""

import json
import time

import jax
import jax.numpy as jnp
import numpy as np
from sersic_jax import X, Y, epl, sersic


def nfw(x, y, Rs, alpha_Rs):
    """alpha_Rs / [(1 - ln 2) Rs] [ln(x / 2) + F(x)] / x^2, F by arctan or artanh as x is above or below 1."""
    r2 = (x * x + y * y) / (Rs * Rs) + 1e-12
    inside = jnp.sqrt(jnp.where(r2 < 1, 1 - r2, 0.5))
    outside = jnp.sqrt(jnp.where(r2 > 1, r2 - 1, 0.5))
    f = jnp.where(r2 < 1, jnp.arctanh(inside) / inside, jnp.arctan(outside) / outside)
    pull = alpha_Rs / ((1 - jnp.log(2.0)) * Rs) * (0.5 * jnp.log(r2 / 4) + f) / r2
    return pull * x, pull * y


CASES = {
    "epl": ("mass", lambda p: epl(X - p[4], Y - p[5], p[0], p[1], p[2], p[3], 18), [1.2, 2.1, 0.1, -0.05, 0.03, -0.02]),
    "nfw": ("mass", lambda p: nfw(X - p[2], Y - p[3], p[0], p[1]), [3.0, 1.0, 0.03, -0.02]),
    "sersic_lenstronomy_bn": ("light", lambda p: (sersic(X - p[5], Y - p[6], *p[:5]),), [1.0, 0.6, 2.5, 0.1, -0.05, 0.03, -0.02]),
}


def nanoseconds(work, point):
    jax.block_until_ready(work(point))
    times = []
    for _ in range(100):
        start = time.perf_counter()
        jax.block_until_ready(work(point))
        times.append(time.perf_counter() - start)
    return round(1e9 * float(np.median(times)) / X.size, 2)


for name, (kind, field, params) in CASES.items():
    point = jnp.array(params, jnp.float32)
    gradient = jax.grad(lambda p: sum(jnp.sum(f) for f in field(p)))
    print(json.dumps({"kind": kind, "name": name, "peer": f"jax {jax.__version__}", "value": nanoseconds(jax.jit(field), point),
                      "gradient": nanoseconds(jax.jit(gradient), point)}))
