"""Writes lens-models/tests/data/mge.json: sums of Gaussians and their derivatives.

    python scripts/golden/mge.py > lens-models/tests/data/mge.json      (lenstronomy 1.14.2)

The light is lenstronomy's MULTI_GAUSSIAN_ELLIPSE, whose amplitudes are 2 pi sigma_k^2 times the brightness at the centre that the table has.
Derivatives are central differences of five points of lenstronomy's own function: their error is h^4 f^(5) / 30 and the rounding over h,
both near 1e-10 of the derivative for the steps taken.
"""

import json
import sys

import numpy as np
from lenstronomy.LightModel.Profiles.gaussian import MultiGaussianEllipse

PROFILE = MultiGaussianEllipse()
# gaussians, narrowest, widest, e1, e2, center_x, center_y
CASES = [
    (20, 0.05, 4.0, 0.0625, -0.125, 0.03125, -0.0625),
    (30, 0.025, 5.0, -0.25, 0.1875, 0.0, 0.0),
    (40, 0.02, 6.0, 0.3125, 0.25, -0.125, 0.25),
    (2, 0.3, 1.0, 0.015625, 0.0078125, 0.5, 0.25),
]
POINTS = [(0.25, 0.125), (-0.0625, 0.03125), (1.0, -0.75), (-2.5, 1.5), (0.0, 3.0), (0.5, 0.3125)]


def light(amps, sigmas, shape, x, y):
    return float(PROFILE.function(np.array([x]), np.array([y]), 2 * np.pi * sigmas**2 * amps, sigmas, *shape)[0])


def difference(f, h):
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def row(case):
    count, narrowest, widest, *shape = case
    k = np.arange(count)
    sigmas = narrowest * (widest / narrowest) ** (k / (count - 1))
    # Amplitudes of a steep profile, uneven.
    amps = sigmas**-1.5 * (1 + 0.5 * np.sin(k))
    points = []
    for x, y in POINTS:
        radius = np.hypot(x - shape[2], y - shape[3])
        # Of the narrowest Gaussian that is bright there.
        h = 1e-3 * max(radius, narrowest)
        at = lambda d: light(amps, sigmas, shape, x + d[0], y + d[1])
        moved = lambda i: lambda d: light(amps, sigmas, [s + d * (j == i) for j, s in enumerate(shape)], x, y)
        points.append({
            "x": x, "y": y, "value": at((0, 0)),
            "by_shape": [difference(moved(i), 1e-3 if i < 2 else h) for i in range(4)],
            "by_position": [difference(lambda d: at((d, 0)), h), difference(lambda d: at((0, d)), h)],
            # The light is linear in its amplitudes: its value at one of them alone is the derivative.
            "by_amps": [light((k == j).astype(float), sigmas, shape, x, y) for j in range(count)],
        })
    return {"sigma": [narrowest, widest], "shape": shape, "amps": amps.tolist(), "points": points}


json.dump({"made_by": "scripts/golden/mge.py", "rows": [row(case) for case in CASES]}, sys.stdout)
