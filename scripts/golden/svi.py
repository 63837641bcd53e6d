"""The ELBO of a small model and its gradient by every param of its guide, as NumPyro and JAX compute them at fixed draws.

    python scripts/golden/svi.py > ppl-infer/tests/data/svi.json

Made with NumPyro 0.22.0 and JAX 0.10.2, in double precision. The draws of the guide are loc + scale * noise with the noise given,
so that other codes can repeat them.
"""

import json

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.distributions import constraints
from numpyro.distributions.transforms import biject_to
from numpyro.infer.util import log_density

jax.config.update("jax_enable_x64", True)

Y = jnp.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]) / 10.0
SIGMA = jnp.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]) / 10.0


def model():
    mu = numpyro.sample("mu", dist.Normal(0.0, 0.5))
    tau = numpyro.sample("tau", dist.LogNormal(-1.0, 0.7))
    with numpyro.plate("schools", 8):
        theta = numpyro.sample("theta", dist.Normal(mu, tau))
        numpyro.sample("y", dist.Normal(theta, SIGMA), obs=Y)


def guide(params):
    numpyro.sample("mu", dist.Normal(params["mu_loc"], params["mu_scale"]))
    numpyro.sample("tau", dist.LogNormal(params["tau_loc"], params["tau_scale"]))
    with numpyro.plate("schools", 8):
        numpyro.sample("theta", dist.Normal(params["theta_loc"], params["theta_scale"]))


POSITIVE = biject_to(constraints.positive)
START = {
    "mu_loc": 0.3,
    "mu_scale": 0.4,
    "tau_loc": -0.8,
    "tau_scale": 0.5,
    "theta_loc": [0.5, 0.4, 0.2, 0.3, 0.1, 0.2, 0.6, 0.4],
    "theta_scale": [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65],
}


def unconstrained():
    start = {name: jnp.asarray(value) for name, value in START.items()}
    return {name: jnp.log(value) if name.endswith("scale") else value for name, value in start.items()}


def elbo(free, noise):
    params = {name: POSITIVE(value) if name.endswith("scale") else value for name, value in free.items()}
    draws = {
        "mu": params["mu_loc"] + params["mu_scale"] * noise["mu"],
        "tau": jnp.exp(params["tau_loc"] + params["tau_scale"] * noise["tau"]),
        "theta": params["theta_loc"] + params["theta_scale"] * noise["theta"],
    }
    log_p, _ = log_density(model, (), {}, draws)
    log_q, _ = log_density(guide, (params,), {}, draws)
    return log_p - log_q


def mean_field(free, noise):
    params = {name: POSITIVE(value) if name.endswith("scale") else value for name, value in free.items()}
    mu = params["mu_loc"] + params["mu_scale"] * noise["mu"]
    tau = jnp.exp(params["tau_loc"] + params["tau_scale"] * noise["tau"])
    theta = params["theta_loc"] + params["theta_scale"] * noise["theta"]
    kl = dist.kl_divergence
    return (
        dist.Normal(theta, SIGMA).log_prob(Y).sum()
        - kl(dist.Normal(params["mu_loc"], params["mu_scale"]), dist.Normal(0.0, 0.5))
        # That of the logarithms: NumPyro has none for two log-normals, and an exponential changes no divergence.
        - kl(dist.Normal(params["tau_loc"], params["tau_scale"]), dist.Normal(-1.0, 0.7))
        - kl(dist.Normal(params["theta_loc"], params["theta_scale"]), dist.Normal(mu, tau)).sum()
    )


def main():
    cases = []
    for i in range(3):
        noise = {
            "mu": jnp.sin(1.0 + i),
            "tau": jnp.cos(2.0 + i),
            "theta": jnp.sin(jnp.arange(8.0) * 1.7 + i),
        }
        case = {"noise": {name: jnp.atleast_1d(x).tolist() for name, x in noise.items()}}
        for name, f in [("trace", elbo), ("mean_field", mean_field)]:
            value, gradient = jax.value_and_grad(f)(unconstrained(), noise)
            gradient = {name: jnp.atleast_1d(g).tolist() for name, g in gradient.items()}
            case[name] = {"elbo": float(value), "gradient": gradient}
        cases.append(case)
    print(json.dumps({"script": "scripts/golden/svi.py", "numpyro": numpyro.__version__, "cases": cases}))


if __name__ == "__main__":
    main()
