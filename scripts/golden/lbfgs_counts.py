"""Gradients that SciPy's L-BFGS-B takes on the functions of ppl-infer/tests/map_maximise.rs.

Run: python scripts/golden/lbfgs_counts.py
Prints, per function, the number of gradients until |g|_inf <= 1e-6 max(1, |f|); the table is in that test.
"""

import numpy as np
import scipy
from scipy.optimize import minimize, rosen, rosen_der


def quadratic(curvature):
    return lambda x: (0.5 * np.sum(curvature * x * x), curvature * x)


def beale(x):
    a, b = x
    r = [1.5 - a + a * b, 2.25 - a + a * b**2, 2.625 - a + a * b**3]
    da = [-1 + b, -1 + b**2, -1 + b**3]
    db = [a, 2 * a * b, 3 * a * b**2]
    return sum(v * v for v in r), np.array([2 * np.dot(r, da), 2 * np.dot(r, db)])


def powell(x):
    a, b, c, d = x
    f = (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4
    p, q, r, s = 2 * (a + 10 * b), 10 * (c - d), 4 * (b - 2 * c) ** 3, 40 * (a - d) ** 3
    return f, np.array([p + s, 10 * p + r, q - 2 * r, -q - s])


def logistic(x):
    """20 coefficients, 200 made-up observations, standard normal prior."""
    i, j = np.meshgrid(np.arange(200), np.arange(20), indexing="ij")
    design = np.sin(0.37 * (i + 1) * (j + 1)) * 2.0 ** (-j / 4)
    y = (np.arange(200) % 3 == 0).astype(float)
    eta = design @ x
    f = np.sum(np.logaddexp(0, eta) - y * eta) + 0.5 * np.sum(x * x)
    return f, design.T @ (1 / (1 + np.exp(-eta)) - y) + x


CASES = {
    "rosenbrock 2": (lambda x: (rosen(x), rosen_der(x)), np.array([-1.2, 1.0])),
    "rosenbrock 10": (lambda x: (rosen(x), rosen_der(x)), np.tile([-1.2, 1.0], 5)),
    "quadratic 1e6": (quadratic(10.0 ** (6 * np.arange(20) / 19)), np.ones(20)),
    "beale": (beale, np.array([1.0, 0.8])),
    "powell": (powell, np.array([3.0, -1.0, 0.0, 1.0])),
    "logistic": (logistic, np.full(20, 2.0)),
}

print("SciPy", scipy.__version__)
for name, (function, start) in CASES.items():
    count, reached = 0, None

    def counted(x):
        global count, reached
        count += 1
        f, g = function(x)
        if reached is None and np.abs(g).max() <= 1e-6 * max(1.0, abs(f)):
            reached = count
        return f, g

    minimize(counted, start, jac=True, method="L-BFGS-B", options=dict(maxcor=10, ftol=0, gtol=1e-9, maxiter=5000, maxfun=50000))
    print(f"{name:14s} {reached}")
