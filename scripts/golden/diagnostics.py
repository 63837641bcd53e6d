"""Writes ppl-infer/tests/data/diagnostics.json: chains of many kinds with their diagnostics by ArviZ.

    python scripts/golden/diagnostics.py > ppl-infer/tests/data/diagnostics.json      (arviz 0.23)

Draws are rounded to a few digits so that the table is small; ArviZ sees the rounded ones. Each case spans more than 1e-7: ArviZ takes
what spans less than 1e-15 (the squares of such draws, too) for constant.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")
import arviz as az
import numpy as np

az.Numba.disable_numba()  # its path through `mcse` fails under NumPy 2.4

rng = np.random.default_rng(20210628)
PROBABILITIES = [0.05, 0.25, 0.5, 0.84, 0.95]


def ar1(phi, chains, draws):
    x = np.empty((chains, draws))
    x[:, 0] = rng.standard_normal(chains)
    for t in range(1, draws):
        x[:, t] = phi * x[:, t - 1] + np.sqrt(1 - phi**2) * rng.standard_normal(chains)
    return x


def stuck(x, value):
    x[1] = value
    return x


cases = {
    "iid": rng.standard_normal((4, 100)),
    "ar1_slow": ar1(0.95, 4, 150),
    "ar1_medium": ar1(0.5, 4, 100),
    "antithetic": ar1(-0.7, 4, 100),
    "strongly_antithetic": ar1(-0.98, 2, 80),
    "cauchy": rng.standard_cauchy((4, 100)),
    "lognormal_large": 1e6 * np.exp(2 * rng.standard_normal((3, 60))),
    "small_offset": 1e3 + 1e-2 * rng.standard_normal((2, 60)),
    "small": 1e-6 * rng.standard_normal((2, 60)),
    "ties": rng.poisson(2.0, (4, 90)).astype(float),
    "two_valued": rng.integers(0, 2, (4, 50)).astype(float),
    "rare_event": (rng.random((4, 60)) < 0.02).astype(float),
    "constant": np.full((3, 40), 2.5),
    "one_stuck": stuck(rng.standard_normal((4, 80)), 0.5),
    "one_shifted": rng.standard_normal((4, 80)) + np.array([[0.0], [0.0], [0.0], [1.5]]),
    "one_wide": rng.standard_normal((4, 80)) * np.array([[1.0], [1.0], [1.0], [4.0]]),
    "trend": rng.standard_normal((2, 100)) + np.linspace(0, 3, 100),
    "odd_length": ar1(0.4, 4, 77),
    "odd_on_the_quantile": ar1(0.4, 1, 101),
    "one_chain": ar1(0.6, 1, 120),
    "many_chains": ar1(0.3, 12, 16),
    "four_draws": rng.standard_normal((4, 4)),
    "five_draws": rng.standard_normal((2, 5)),
    "seven_draws": ar1(0.5, 2, 7),
    "eleven_draws": ar1(-0.5, 1, 11),
    "three_draws": rng.standard_normal((4, 3)),
}


def number(x):
    x = float(x)
    return x if np.isfinite(x) else None


def expected(x):
    with np.errstate(all="ignore"):
        out = {
            "mean": np.mean(x),
            "sd": np.std(x, ddof=1),
            "rhat": az.rhat(x, method="rank") if x.shape[0] > 1 else np.nan,
            "ess_bulk": az.ess(x, method="bulk"),
            "ess_tail": az.ess(x, method="tail"),
            "ess_mean": az.ess(x, method="mean"),
            "ess_sd": az.ess(x, method="sd"),
            "mcse_mean": az.mcse(x, method="mean"),
            "mcse_sd": az.mcse(x, method="sd"),
        }
        out = {name: number(value) for name, value in out.items()}
        out["bfmi"] = [number(value) for value in np.atleast_1d(az.bfmi(x))]
        out["quantiles"] = [
            {
                "p": p,
                "value": number(np.quantile(x, p)),
                "ess": number(az.ess(x, method="quantile", prob=p)),
                "mcse": number(az.mcse(x, method="quantile", prob=p)),
            }
            for p in PROBABILITIES
        ]
    return out


rows = []
for name, x in cases.items():
    x = np.vectorize(lambda v: float(f"{v:.4g}") if abs(v) < 900 or abs(v) > 1100 else round(v, 3))(x)
    rows.append(json.dumps({"name": name, "chains": x.tolist(), "expected": expected(x)}))

sys.stdout.write('{"made_by": "scripts/golden/diagnostics.py", "arviz": "%s", "cases": [\n' % az.__version__)
sys.stdout.write(",\n".join(rows) + "\n]}\n")
