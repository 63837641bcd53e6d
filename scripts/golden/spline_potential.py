"""Writes lens-models/tests/data/spline_potential.json: potentials that are cubic B-splines on a grid, by SciPy.

    python scripts/golden/spline_potential.py > lens-models/tests/data/spline_potential.json      (SciPy 1.17.1)

Potential, gradient and Hessian are NdBSpline's on knots in arcsec. Three rows and columns of zeros about the coefficients, which arclet does not
need, make its sum that of all splines wherever one of them does not vanish. Its potential is held to the product of two design matrices.
"""

import json
import random
import sys

import numpy as np
from scipy.interpolate import BSpline, NdBSpline

PAD = 3
# side; amp, scale, center_x, center_y
CASES = [(6, [0.7, 3.0, 0.1, -0.2]), (5, [-1.3, 4.0, -0.35, 0.05])]
# Derivatives along y and x: psi, alpha_x, alpha_y, f_xx, f_xy, f_yy.
ORDERS = [(0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0)]


def row(side, place):
    draw = random.Random(side)
    amp, scale, *center = place
    h = scale / side
    coefficients = np.array([[round(draw.uniform(-1, 1), 4) for _ in range(side)] for _ in range(side)])
    padded = np.pad(coefficients, PAD)
    # The spline of the knot at k begins two knots before it.
    knots = [c + h * (np.arange(-PAD - 2, side + PAD + 2) - (side - 1) / 2) for c in center]
    spline = NdBSpline((knots[1], knots[0]), padded, 3)
    # Where any spline reaches: from two knots before the first to two behind the last.
    reach = 0.5 * (side + 3) * h
    at = np.array([[round(c + draw.uniform(-reach, reach), 4) for c in center] for _ in range(25)])
    lensing = amp * np.array([spline(at[:, ::-1], nu=order) for order in ORDERS]).T
    x, y = (BSpline.design_matrix(at[:, axis], knots[axis], 3).toarray() for axis in (0, 1))
    if np.abs(lensing[:, 0] - amp * np.einsum("pi,ij,pj->p", y, padded, x)).max() > 1e-14:
        sys.exit("NdBSpline and the design matrices differ")
    points = [{"at": a, "lensing": l} for a, l in zip(at.tolist(), lensing.tolist())]
    return {"side": side, "place": place, "coefficients": coefficients.ravel().tolist(), "points": points}


json.dump({"made_by": "scripts/golden/spline_potential.py", "rows": [row(*case) for case in CASES]}, sys.stdout)
print()
