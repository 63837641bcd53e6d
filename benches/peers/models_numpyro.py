"""Five models in NumPyro and in arclet, on the same data and machine: python benches/peers/models_numpyro.py

Makes the data (seeded), runs `cargo run --release --example peers`, then NumPyro (pip install numpyro): a value and gradient of
the potential, jitted, alone and for four chains at once (vmap), and NUTS of four chains of 1000 + 1000 draws, once with its
compilation and once without. NumPyro runs in double precision as arclet does; `--single` gives it single precision. Prints a
table as Markdown.
"""

import argparse
import json
import os
import subprocess
import time

parser = argparse.ArgumentParser()
parser.add_argument("--single", action="store_true", help="NumPyro in single precision")
parser.add_argument("--data", default="target/peers.json")
arguments = parser.parse_args()

import jax

jax.config.update("jax_enable_x64", not arguments.single)
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import lax
from numpyro.contrib.control_flow import scan
from numpyro.infer import MCMC, NUTS
from numpyro.infer.util import initialize_model

rng = np.random.default_rng(1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def make():
    county = np.sort(rng.integers(0, 85, 919))
    county[:85] = np.arange(85)
    floor = rng.integers(0, 2, 919).astype(float)
    alpha, beta = rng.normal(1.5, 0.35, 85), rng.normal(-0.65, 0.3, 85)
    log_radon = alpha[county] + beta[county] * floor + rng.normal(0, 0.7, 919)
    person, item = np.repeat(np.arange(200), 20), np.tile(np.arange(20), 200)
    ability, difficulty, discrimination = rng.normal(size=200), rng.normal(size=20), np.exp(rng.normal(0, 0.4, 20))
    correct = rng.random(4000) < sigmoid(discrimination[item] * (ability[person] - difficulty[item]))
    state, series = 0.0, []
    for _ in range(200):
        state = 0.8 * state + 0.5 * rng.normal()
        series.append(state + 0.3 * rng.normal())
    covariates = rng.normal(size=(2000, 20))
    outcome = rng.random(2000) < sigmoid(covariates @ rng.normal(0, 0.5, 20) + 0.3)
    return dict(
        county=county.tolist(), floor=floor.tolist(), log_radon=log_radon.tolist(), person=person.tolist(),
        item=item.tolist(), correct=correct.astype(float).tolist(), series=series, covariates=covariates.tolist(),
        outcome=outcome.astype(float).tolist(),
    )


data = make()
os.makedirs(os.path.dirname(arguments.data) or ".", exist_ok=True)
with open(arguments.data, "w") as file:
    json.dump(data, file)
ours = subprocess.run(
    ["cargo", "run", "--release", "--quiet", "--example", "peers", "--", arguments.data],
    check=True, stdout=subprocess.PIPE, text=True,
).stdout
ours = {line["name"]: line for line in map(json.loads, ours.splitlines())}
D = {name: np.asarray(value) for name, value in data.items()}


def radon():
    mu_a = numpyro.sample("mu_alpha", dist.Normal(0.0, 1.0))
    sigma_a = numpyro.sample("sigma_alpha", dist.HalfCauchy(1.0))
    mu_b = numpyro.sample("mu_beta", dist.Normal(0.0, 1.0))
    sigma_b = numpyro.sample("sigma_beta", dist.HalfCauchy(1.0))
    with numpyro.plate("county", 85):
        alpha = numpyro.sample("alpha", dist.Normal(mu_a, sigma_a))
        beta = numpyro.sample("beta", dist.Normal(mu_b, sigma_b))
    sigma = numpyro.sample("sigma", dist.HalfCauchy(1.0))
    mean = alpha[D["county"]] + beta[D["county"]] * D["floor"]
    numpyro.sample("log_radon", dist.Normal(mean, sigma), obs=D["log_radon"])


def item_response():
    with numpyro.plate("person", 200):
        ability = numpyro.sample("ability", dist.Normal(0.0, 1.0))
    with numpyro.plate("item", 20):
        discrimination = numpyro.sample("discrimination", dist.LogNormal(0.0, 0.5))
        difficulty = numpyro.sample("difficulty", dist.Normal(0.0, 1.0))
    logits = discrimination[D["item"]] * (ability[D["person"]] - difficulty[D["item"]])
    numpyro.sample("correct", dist.Bernoulli(logits=logits), obs=D["correct"])


def autoregression():
    phi = numpyro.sample("phi", dist.Uniform(-1.0, 1.0))
    scale = numpyro.sample("scale", dist.HalfNormal(1.0))
    noise = numpyro.sample("noise", dist.HalfNormal(1.0))
    with numpyro.plate("step", 200):
        shock = numpyro.sample("shock", dist.Normal(0.0, 1.0))

    def step(state, shock):
        state = phi * state + scale * shock
        return state, state

    _, states = lax.scan(step, jnp.zeros(()), shock)
    numpyro.sample("series", dist.Normal(states, noise), obs=D["series"])


def logistic():
    intercept = numpyro.sample("intercept", dist.Normal(0.0, 1.0))
    with numpyro.plate("covariate", 20):
        beta = numpyro.sample("beta", dist.Normal(0.0, 1.0))
    numpyro.sample("outcome", dist.Bernoulli(logits=D["covariates"] @ beta + intercept), obs=D["outcome"])


EFFECT = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERROR = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])


def schools():
    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = numpyro.sample("tau", dist.HalfCauchy(5.0))
    with numpyro.plate("schools", 8):
        z = numpyro.sample("z", dist.Normal(0.0, 1.0))
    numpyro.sample("effect", dist.Normal(z * tau + mu, ERROR), obs=EFFECT)


def median_us(f, *args):
    jax.block_until_ready(f(*args))
    times, begin = [], time.perf_counter()
    while len(times) < 20 or time.perf_counter() - begin < 1.0:
        start = time.perf_counter()
        for _ in range(10):
            result = f(*args)
        jax.block_until_ready(result)
        times.append(1e5 * (time.perf_counter() - start))
    return sorted(times)[len(times) // 2]


def measure(model):
    info = initialize_model(jax.random.PRNGKey(0), model)
    position, potential = info.param_info.z, info.potential_fn
    one = median_us(jax.jit(jax.value_and_grad(potential)), position)
    stacked = jax.tree.map(lambda x: jnp.stack([x] * 4), position)
    four = median_us(jax.jit(jax.vmap(jax.value_and_grad(potential))), stacked) / 4
    mcmc = MCMC(NUTS(model), num_warmup=1000, num_samples=1000, num_chains=4, chain_method="vectorized", progress_bar=False)
    start = time.perf_counter()
    mcmc.run(jax.random.PRNGKey(1))
    jax.block_until_ready(mcmc.get_samples())
    first = time.perf_counter() - start
    start = time.perf_counter()
    mcmc.run(jax.random.PRNGKey(2))
    jax.block_until_ready(mcmc.get_samples())
    second = time.perf_counter() - start
    summary = numpyro.diagnostics.summary(mcmc.get_samples(group_by_chain=True))
    ess = min(float(np.min(entry["n_eff"])) for entry in summary.values())
    return one, four, first, second, ess


print(f"| model | gradient, us: arclet | NumPyro {numpyro.__version__} | a lane of four: arclet | NumPyro | "
      "4 x (1000 + 1000) draws, s: arclet | NumPyro with compilation | without | least ESS: arclet | NumPyro |")
print("|---|---|---|---|---|---|---|---|---|---|")
models = {"radon": radon, "item response": item_response, "AR(1)": autoregression, "logistic": logistic,
          "eight schools": schools}
for name, model in models.items():
    a = ours[name]
    one, four, first, second, ess = measure(model)
    print(f"| {name} | {a['us']:.2f} | {one:.1f} | {a['us_of_4']:.2f} | {four:.1f} | {a['seconds']:.2f} | {first:.2f} | "
          f"{second:.2f} | {a['ess']:.0f} | {ess:.0f} |", flush=True)
