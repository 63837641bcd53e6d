"""Writes lens-models/tests/data/point_log_prob.json: the log likelihood of a quad at four places, by lenstronomy, astropy and SciPy.

    python scripts/golden/point_log_prob.py > lens-models/tests/data/point_log_prob.json      (lenstronomy 1.14.2, astropy 8.0)

Images are those of the lens equation, found from the observed positions by Newton's method on lenstronomy's deflection; their density is normal
along x and y. The flux of the source is integrated over numerically. `source_plane` has the images one step of Newton's method away from the
observed positions, where potentials and magnifications are taken; `marginal` is its integral over the source, on a grid.
"""

import json
import sys

import numpy as np
from astropy.cosmology import LambdaCDM
from lenstronomy.LensModel.lens_model import LensModel
from scipy.integrate import quad
from scipy.stats import norm

SEEN = {
    "positions": [[0.81325, 1.14881], [-0.63384, -0.99838], [0.26988, -1.11729], [-1.18129, -0.12072]],
    "position_errors": [0.003, 0.004, 0.005, 0.003],
    "fluxes": [5.2, 24.0, 17.0, 11.5],
    "flux_errors": [0.5, 2.0, 2.0, 1.0],
    "delays": [23.3, None, 23.8],
    "delay_errors": 0.5,
}
Z_LENS, Z_SOURCE = 0.5, 1.8
CASES = [
    # theta_E, gamma, e1, e2, center_x, center_y, gamma1, gamma2, source x, source y, H0, Om0, Ok0
    [1.25, 1.97, 0.09, -0.06, 0.0, 0.0, 0.035, 0.02, 0.06, 0.09, 73.0, 0.3, 0.0],
    [1.2495, 1.99, 0.091, -0.061, 0.001, -0.001, 0.0352, 0.02, 0.0601, 0.09, 70.0, 0.25, 0.1],
    [1.2505, 2.02, 0.088, -0.06, -0.001, 0.001, 0.034, 0.0195, 0.0605, 0.0895, 68.0, 0.35, -0.1],
    [1.25, 1.97, 0.09, -0.06, 0.0, 0.0, 0.035, 0.02, 0.061, 0.091, 75.0, 0.3, 0.0],
]
THETA = np.array(SEEN["positions"])
SIGMA = np.array(SEEN["position_errors"])


def lens(case):
    own = {k: v for k, v in zip(["theta_E", "gamma", "e1", "e2", "center_x", "center_y"], case)}
    h0, om0, ok0 = case[10:]
    cosmo = LambdaCDM(H0=h0, Om0=om0, Ode0=1 - om0 - ok0, Tcmb0=0)
    model = LensModel(["EPL", "SHEAR"], z_lens=Z_LENS, z_source=Z_SOURCE, cosmo=cosmo)
    return model, [own, {"gamma1": case[6], "gamma2": case[7]}]


def step(model, kwargs, beta, at):
    bx, by = model.ray_shooting(*at, kwargs)
    fxx, fxy, fyx, fyy = model.hessian(*at, kwargs)
    return at + np.linalg.solve([[1 - fxx, -fxy], [-fyx, 1 - fyy]], beta - np.array([bx, by]))


def log_prob(case, beta, one_step):
    model, kwargs = lens(case)
    images = []
    for at in THETA:
        at = step(model, kwargs, beta, at)
        for _ in range(0 if one_step else 30):
            at = step(model, kwargs, beta, at)
        images.append(at)
    images = np.array(images)
    at = THETA if one_step else images
    total = norm.logpdf(images, THETA, SIGMA[:, None]).sum()
    mu = np.abs(model.magnification(at[:, 0], at[:, 1], kwargs))
    y, error = np.array(SEEN["fluxes"]), np.array(SEEN["flux_errors"])
    best = (mu * y / error**2).sum() / (mu**2 / error**2).sum()
    width = (mu**2 / error**2).sum() ** -0.5
    top = norm.logpdf(y, mu * best, error).sum()
    integral, _ = quad(lambda flux: np.exp(norm.logpdf(y, mu * flux, error).sum() - top), best - 12 * width, best + 12 * width,
                       epsabs=0, epsrel=1e-12, limit=200)
    total += top + np.log(integral)
    arrival = model.arrival_time(at[:, 0], at[:, 1], kwargs, x_source=beta[0], y_source=beta[1])
    for k, delay in enumerate(SEEN["delays"]):
        if delay is not None:
            total += norm.logpdf(arrival[k + 1] - arrival[0], delay, SEEN["delay_errors"])
    return float(total)


def marginal(case):
    """By the trapezium rule, exact to rounding on a Gaussian, over eight deviations either way; lenses are the same for every source."""
    model, kwargs = lens(case)
    center = np.array(case[8:10])
    here = log_prob(case, center, True)
    beta = np.array([model.ray_shooting(*at, kwargs) for at in THETA])
    inverse = []
    for at in THETA:
        fxx, fxy, fyx, fyy = model.hessian(*at, kwargs)
        inverse.append(np.linalg.inv([[1 - fxx, -fxy], [-fyx, 1 - fyy]]))
    zero = model.arrival_time(THETA[:, 0], THETA[:, 1], kwargs, x_source=0.0, y_source=0.0)
    one = [model.arrival_time(THETA[:, 0], THETA[:, 1], kwargs, x_source=a, y_source=b) for a, b in [(1.0, 0.0), (0.0, 1.0)]]
    # |theta - beta|^2 / 2 = |theta|^2 / 2 - theta . beta + |beta|^2 / 2, whose last term is that of every image.
    slope = [(o - o[0]) - (zero - zero[0]) for o in one]

    def of_source(b):
        images = THETA + np.array([m @ (b - k) for m, k in zip(inverse, beta)])
        total = norm.logpdf(images, THETA, SIGMA[:, None]).sum()
        later = zero - zero[0] + slope[0] * b[0] + slope[1] * b[1]
        for k, delay in enumerate(SEEN["delays"]):
            if delay is not None:
                total += norm.logpdf(later[k + 1], delay, SEEN["delay_errors"])
        return total

    rest = here - of_source(center)
    h = 1e-4
    e = np.eye(2) * h
    for _ in range(3):
        f = of_source
        gradient = np.array([f(center + d) - f(center - d) for d in e]) / (2 * h)
        cross = (f(center + e[0] + e[1]) - f(center + e[0] - e[1]) - f(center - e[0] + e[1]) + f(center - e[0] - e[1])) / (4 * h * h)
        second = [(f(center + d) - 2 * f(center) + f(center - d)) / h**2 for d in e]
        hessian = np.array([[second[0], cross], [cross, second[1]]])
        center = center - np.linalg.solve(hessian, gradient)
    root = np.linalg.cholesky(np.linalg.inv(-hessian))
    u, top = np.linspace(-8, 8, 33), of_source(center)
    values = [[np.exp(of_source(center + root @ np.array([a, b])) - top) for b in u] for a in u]
    return float(rest + top + np.log(np.sum(values) * (u[1] - u[0]) ** 2 * np.linalg.det(root)))


rows = [
    {
        "at": case,
        "image_plane": log_prob(case, np.array(case[8:10]), False),
        "source_plane": log_prob(case, np.array(case[8:10]), True),
        "marginal": marginal(case),
    }
    for case in CASES
]
json.dump({"made_by": "scripts/golden/point_log_prob.py", "z": [Z_LENS, Z_SOURCE], "seen": SEEN, "rows": rows}, sys.stdout)
print()
