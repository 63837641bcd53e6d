"""Writes examples/data/quad_delays.json, a system file, and examples/data/quad_delays_truth.json: a quad with time delays.

    python scripts/golden/quad_delays.py      (lenstronomy 1.14.2, astropy 8.0)

lenstronomy makes the images, magnifications and delays of an elliptical power law with shear at z = 0.5, a quasar at z = 1.8 behind it, in a flat
universe of H0 = 73 km/s/Mpc and Om0 = 0.3; noise is added with the deviations that the file has.
"""

import json
from pathlib import Path

import numpy as np
from astropy.cosmology import FlatLambdaCDM
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LensModel.Solver.lens_equation_solver import LensEquationSolver

FOLDER = Path(__file__).resolve().parent.parent.parent / "examples" / "data"
TRUTH = {
    "lens": {"theta_E": 1.25, "gamma": 1.97, "e1": 0.09, "e2": -0.06, "center_x": 0.0, "center_y": 0.0},
    "shear": {"gamma1": 0.035, "gamma2": 0.02},
    "quasar": {"center_x": 0.06, "center_y": 0.09},
    "cosmology": {"H0": 73.0, "Om0": 0.3},
}
Z_LENS, Z_SOURCE = 0.5, 1.8
POSITION_ERROR, FLUX_RATIO_ERROR, DELAY_ERROR = 0.003, 0.1, 0.5

rng = np.random.default_rng(7)
cosmo = FlatLambdaCDM(H0=TRUTH["cosmology"]["H0"], Om0=TRUTH["cosmology"]["Om0"])
model = LensModel(["EPL", "SHEAR"], z_lens=Z_LENS, z_source=Z_SOURCE, cosmo=cosmo)
kwargs = [TRUTH["lens"], TRUTH["shear"]]
beta = TRUTH["quasar"]["center_x"], TRUTH["quasar"]["center_y"]
x, y = LensEquationSolver(model).image_position_from_source(
    *beta, kwargs, min_distance=0.02, search_window=5, precision_limit=1e-12, num_iter_max=300, magnification_limit=0.1)
arrival = model.arrival_time(x, y, kwargs, x_source=beta[0], y_source=beta[1])
order = np.argsort(arrival)
x, y, arrival = x[order], y[order], arrival[order]
mu = np.abs(model.magnification(x, y, kwargs))
assert len(x) == 4
ratios, delays = mu[1:] / mu[0], arrival[1:] - arrival[0]
seen = np.array([x, y]).T + rng.normal(0, POSITION_ERROR, (4, 2))
ratio_errors = FLUX_RATIO_ERROR * ratios
system = {
    "lens": [
        # The light of the lens says where it is to 10 mas, its kinematics how steep it is.
        {"name": "lens", "profile": "epl"},
        {"name": "shear", "profile": "shear"},
    ],
    "points": [{
        "name": "quasar",
        "positions": np.round(seen, 5).tolist(),
        "position_errors": POSITION_ERROR,
        "flux_ratios": np.round(ratios + rng.normal(0, ratio_errors), 4).tolist(),
        "flux_ratio_errors": np.round(ratio_errors, 4).tolist(),
        "delays": np.round(delays + rng.normal(0, DELAY_ERROR, 3), 2).tolist(),
        "delay_errors": DELAY_ERROR,
    }],
    "cosmology": {"z_lens": Z_LENS, "z_source": Z_SOURCE, "parameters": {"Om0": {"value": 0.3}}},
    "priors": {
        "lens.gamma": {"truncated_normal": {"loc": 2.0, "scale": 0.05, "low": 1.5, "high": 2.5}},
        "lens.center_x": {"normal": {"loc": 0.0, "scale": 0.01}},
        "lens.center_y": {"normal": {"loc": 0.0, "scale": 0.01}},
        "cosmology.H0": {"uniform": {"low": 30.0, "high": 130.0}},
    },
}
truth = {f"{name}.{key}": value for name, own in TRUTH.items() for key, value in own.items()}
truth |= {"magnification": mu.tolist(), "delays": delays.tolist(), "images": np.array([x, y]).T.tolist()}
(FOLDER / "quad_delays.json").write_text(json.dumps(system, indent=2) + "\n")
(FOLDER / "quad_delays_truth.json").write_text(json.dumps({"made_by": "scripts/golden/quad_delays.py", **truth}, indent=2) + "\n")
