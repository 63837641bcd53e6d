"""The peer of `cargo bench --bench planes`: rays of 256 x 256 pixels through the same five lenses by lenstronomy, in float64, without a gradient.

    python benches/peers/planes_lenstronomy.py [--runs 20]      (lenstronomy 1.14.2)

Prints one line of JSON with the median over the runs, milliseconds.
"""

import argparse
import json
import math
import time

import numpy as np
from astropy.cosmology import FlatLambdaCDM
from lenstronomy.LensModel.lens_model import LensModel

parser = argparse.ArgumentParser()
parser.add_argument("--runs", type=int, default=20)
runs = parser.parse_args().runs
axis = (np.arange(256) - 127.5) * 0.04
x, y = (a.ravel() for a in np.meshgrid(axis, axis))
model = LensModel(["EPL"] * 5, z_source=2.0, lens_redshift_list=[0.2 + 0.3 * k for k in range(5)], multi_plane=True,
                  cosmo=FlatLambdaCDM(H0=70, Om0=0.3))
kwargs = [{"theta_E": 0.3 + 0.05 * k, "gamma": 2.0, "e1": 0.1, "e2": -0.05, "center_x": 0.5 * math.sin(k), "center_y": 0.4 * math.cos(k)}
          for k in range(5)]
times = []
for _ in range(runs + 3):
    start = time.perf_counter()
    model.ray_shooting(x, y, kwargs)
    times.append(1e3 * (time.perf_counter() - start))
print(json.dumps({"what": "lenstronomy, five planes, rays alone", "ms": float(np.median(times[3:]))}))
