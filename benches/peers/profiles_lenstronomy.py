"""The peer of `cargo bench --bench profiles`: nanoseconds a point of lenstronomy's profiles, in float64, fields without gradients.

    python benches/peers/profiles_lenstronomy.py      (lenstronomy 1.14.2, numba where it uses it)

256 x 256 points of 0.04"; of the profiles that take a quadrature a point, as many as take a second. Prints one line of JSON a profile, with
the median over the runs.
"""

import json
import sys
import time

import numpy as np
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel
from profile_cases import LIGHT, MASS, X, Y


def nanoseconds(work):
    """The median of 7 runs over all points, or over as many as take a second."""
    start = time.perf_counter()
    work(X[::256], Y[::256])  # Compiles, too.
    start = time.perf_counter()
    work(X[::256], Y[::256])
    step = 1 if time.perf_counter() - start < 1 / 256 * 4 else 256
    x, y = X[::step].copy(), Y[::step].copy()
    times = []
    for _ in range(7):
        start = time.perf_counter()
        work(x, y)
        times.append(time.perf_counter() - start)
    return 1e9 * float(np.median(times)) / len(x)


for ours, theirs, kwargs in MASS:
    model = LensModel([theirs])
    value = nanoseconds(lambda x, y: model.alpha(x, y, [kwargs]))
    print(json.dumps({"kind": "mass", "name": ours, "peer": theirs, "value": round(value, 2)}))
    sys.stdout.flush()
for ours, theirs, kwargs in LIGHT:
    model = LightModel([theirs])
    value = nanoseconds(lambda x, y: model.surface_brightness(x, y, [kwargs]))
    print(json.dumps({"kind": "light", "name": ours, "peer": theirs, "value": round(value, 2)}))
