"""Writes lens-models/tests/data/shapelets.json: sums of shapelets and their derivatives.

    python scripts/golden/shapelets.py > lens-models/tests/data/shapelets.json      (lenstronomy 1.14.2, mpmath 1.4)

The light is lenstronomy's SHAPELETS. Derivatives are central differences, with a step of 1e-20 at 50 digits, of Refregier's formula by mpmath's
Hermite polynomials, whose value lenstronomy's may differ from by 1e-10 of the sum of the absolute terms and 1e-12 of the amplitudes.
"""

import json
import random
import sys

import numpy as np
from lenstronomy.LightModel.Profiles.shapelets import ShapeletSet
from mpmath import mp, mpf

mp.dps = 50
STEP = mpf(10) ** -20
# n_max, beta, center_x, center_y
CASES = [(0, 0.5, 0.0, 0.0), (3, 0.25, 0.0625, -0.125), (6, 0.4, -0.1, 0.2), (10, 0.15, 0.03, 0.05), (20, 0.2, 0.5, 0.25)]
POINTS = [(0.25, 0.125), (-0.0625, 0.03125), (1.0, -0.75), (-0.5, 0.5), (0.0, 1.25), (0.5, 0.3125)]


def phi(n, x):
    return mp.hermite(n, x) * mp.exp(-x * x / 2) / mp.sqrt(mpf(2) ** n * mp.sqrt(mp.pi) * mp.factorial(n))


def orders(n_max):
    return [(n - k, k) for n in range(n_max + 1) for k in range(n + 1)]


def terms(n_max, x, y, beta, center_x, center_y):
    along = [[phi(n, d / beta) for n in range(n_max + 1)] for d in (x - center_x, y - center_y)]
    return [along[0][a] * along[1][b] for a, b in orders(n_max)]


def row(case):
    n_max, *place = case
    draw = random.Random(n_max)
    amps = [round(draw.uniform(-1, 1), 4) for _ in orders(n_max)]
    points = []
    for x, y in POINTS:
        at = [mpf(v) for v in (x, y, *place)]

        def light(i=None, step=0):
            moved = [v + step * (j == i) for j, v in enumerate(at)]
            return sum(a * t for a, t in zip(amps, terms(n_max, *moved)))

        theirs = float(ShapeletSet().function(np.array([x]), np.array([y]), amps, n_max, *place)[0])
        by_amps = [float(t) for t in terms(n_max, *at)]
        size = sum(abs(a * t) for a, t in zip(amps, by_amps))
        if abs(theirs - light()) > 1e-10 * size + 1e-12:
            sys.exit(f"{case} at {x}, {y}: lenstronomy's {theirs} is not {light()}")
        by = [float((light(i, STEP) - light(i, -STEP)) / (2 * STEP)) for i in range(5)]
        points.append({"x": x, "y": y, "value": theirs, "size": size, "by_position": by[:2], "by_place": by[2:], "by_amps": by_amps})
    return {"n_max": n_max, "place": place, "amps": amps, "points": points}


json.dump({"made_by": "scripts/golden/shapelets.py", "rows": [row(case) for case in CASES]}, sys.stdout)
