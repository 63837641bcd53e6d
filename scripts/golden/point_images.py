"""Writes lens-models/tests/data/point_images.json: images of point sources behind 200 lenses, held to lenstronomy.

    python scripts/golden/point_images.py > lens-models/tests/data/point_images.json      (lenstronomy 1.14.2)

Each image is what lenstronomy's LensEquationSolver finds, brought to the rounding of the lens equation by Newton's method on lenstronomy's own
deflection and Hessian, as its own tolerance is one of the source plane. One grid of the solver misses saddles between merging images and faint
images at centres, so that it is called with a grid of 0.02 arcsec for all, and with 0.002 about each centre and each image that is magnified by
more than ten. Images fainter than 1e-3 are left out. Sources: anywhere, or 1e-3 to 1e-2 of the
Einstein radius within a fold or a cusp, where two or three images merge.
"""

import json
import random
import sys

import numpy as np
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LensModel.lens_model_extensions import LensModelExtensions
from lenstronomy.LensModel.Solver.lens_equation_solver import LensEquationSolver

FAINT = 1e-3
# What our name says already.
IMPLIED = {"sie": ("gamma",), "multipole4": ("m",)}


def place(rng, width=0.1):
    return {"center_x": rng.uniform(-width, width), "center_y": rng.uniform(-width, width)}


def ellipticity(rng, most=0.3):
    phi, f = rng.uniform(0, np.pi), rng.uniform(0.05, most)
    return {"e1": f * np.cos(2 * phi), "e2": f * np.sin(2 * phi)}


def shear(rng):
    phi, g = rng.uniform(0, np.pi), rng.uniform(0, 0.12)
    return ("shear", "SHEAR", {"gamma1": g * np.cos(2 * phi), "gamma2": g * np.sin(2 * phi)})


def isothermal(rng, theta):
    """Lenstronomy's SIE has a core of its own, 1e-10 of the position away."""
    return ("sie", "EPL", {"theta_E": theta, "gamma": 2.0, **ellipticity(rng), **place(rng)})


def system(rng, kind):
    """Ours, lenstronomy's name, parameters."""
    theta = rng.uniform(0.7, 1.6)
    if kind == "epl":
        first = ("epl", "EPL", {"theta_E": theta, "gamma": rng.uniform(1.6, 2.4), **ellipticity(rng), **place(rng)})
        return [first, shear(rng)]
    if kind == "sie":
        return [isothermal(rng, theta), shear(rng)]
    if kind == "nie":
        own = {"theta_E": theta, **ellipticity(rng), "s_scale": rng.uniform(0.05, 0.25), **place(rng)}
        return [("nie", "NIE", own), shear(rng)]
    if kind == "nfw":
        own = {"Rs": rng.uniform(3, 8), "alpha_Rs": rng.uniform(1.5, 3), **ellipticity(rng, 0.12), **place(rng)}
        first = ("nfw_ellipse_potential", "NFW_ELLIPSE_POTENTIAL", own)
        return [first, ("pjaffe", "PJAFFE", {"sigma0": rng.uniform(1, 3), "Ra": rng.uniform(0.05, 0.2), "Rs": rng.uniform(1, 3), **place(rng)}), shear(rng)]
    if kind == "two":
        first = ("epl", "EPL", {"theta_E": theta, "gamma": rng.uniform(1.8, 2.2), **ellipticity(rng), **place(rng)})
        phi, r = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.5)
        second = {"theta_E": rng.uniform(0.1, 0.4), "center_x": r * np.cos(phi), "center_y": r * np.sin(phi)}
        return [first, ("sis", "SIS", second), shear(rng)]
    return [isothermal(rng, theta), ("multipole4", "MULTIPOLE", {"m": 4, "a_m": rng.uniform(-0.05, 0.05), "phi_m": rng.uniform(0, 3), **place(rng)}), shear(rng)]


def newton(model, kwargs, source, x, y):
    for _ in range(60):
        bx, by = model.ray_shooting(x, y, kwargs)
        fxx, fxy, fyx, fyy = model.hessian(x, y, kwargs)
        dx, dy = np.linalg.solve([[1 - fxx, -fxy], [-fyx, 1 - fyy]], [source[0] - bx, source[1] - by])
        step = np.hypot(dx, dy)
        scale = min(1.0, 0.05 / step) if step > 0 else 1.0
        x, y = x + scale * dx, y + scale * dy
        if step < 1e-15:
            break
    bx, by = model.ray_shooting(x, y, kwargs)
    return float(x), float(y), float(np.hypot(bx - source[0], by - source[1]))


def magnification(model, kwargs, x, y):
    """By central differences of five points of the deflection: some of lenstronomy's Hessians are differences over 1e-10 arcsec."""
    centers = [np.hypot(x - own["center_x"], y - own["center_y"]) for own in kwargs if "center_x" in own]
    h = 1e-3 * min(0.1, *centers)

    def along(dx, dy):
        p2, p1, m1, m2 = (np.array(model.alpha(x + k * h * dx, y + k * h * dy, kwargs)) for k in (2, 1, -1, -2))
        return (8 * (p1 - m1) - (p2 - m2)) / (12 * h)

    (fxx, fxy), (fyx, fyy) = along(1, 0), along(0, 1)
    return float(1 / ((1 - fxx) * (1 - fyy) - fxy * fyx))


def source(rng, model, kwargs, where):
    if where == "anywhere":
        r, phi = rng.uniform(0, 0.5), rng.uniform(0, 2 * np.pi)
        return [r * np.cos(phi), r * np.sin(phi)]
    curves = LensModelExtensions(model).critical_curve_caustics(kwargs, compute_window=5, grid_scale=0.01)
    _, _, caustic_x, caustic_y = curves
    points = np.array([caustic_x[0], caustic_y[0]]).T
    middle = points.mean(axis=0)
    if where == "fold":
        point = points[rng.randrange(len(points))]
    else:
        point = points[np.argmax(np.hypot(*(points - middle).T))]
    inwards = (middle - point) / np.hypot(*(middle - point))
    return list(point + inwards * 10 ** rng.uniform(-3, -2))


def row(rng, kind, where):
    components = system(rng, kind)
    model = LensModel([theirs for _, theirs, _ in components])
    kwargs = [own for _, _, own in components]
    beta = [float(b) for b in source(rng, model, kwargs, where)]
    solver = LensEquationSolver(model)
    images = []

    def search(x_center, y_center, window, step):
        x, y = solver.image_position_from_source(
            *beta, kwargs, min_distance=step, search_window=window, precision_limit=1e-12, num_iter_max=300, arrival_time_sort=False,
            x_center=x_center, y_center=y_center)
        for xi, yi in zip(np.atleast_1d(x), np.atleast_1d(y)):
            xi, yi, off = newton(model, kwargs, beta, xi, yi)
            mu = magnification(model, kwargs, xi, yi)
            if off < 1e-12 and abs(mu) > FAINT and all(np.hypot(xi - a, yi - b) > 1e-7 for a, b, *_ in images):
                images.append([xi, yi, mu, float(model.fermat_potential(xi, yi, kwargs, *beta))])

    search(0, 0, 10, 0.02)
    for own in kwargs:
        if "center_x" in own:
            search(own["center_x"], own["center_y"], 0.4, 0.002)
    for image in list(images):
        if abs(image[2]) > 10:
            search(image[0], image[1], 0.8, 0.002)
    images.sort(key=lambda image: image[3])
    return {
        "kind": kind, "where": where,
        "lens": [[ours, {k: v for k, v in own.items() if k not in IMPLIED.get(ours, ())}] for ours, _, own in components],
        "source": beta, "images": images,
    }


rng = random.Random(5)
rows = []
while len(rows) < 200:
    kind = ["epl", "sie", "nie", "nfw", "two", "multipole"][len(rows) % 6]
    where = ["anywhere", "anywhere", "fold", "cusp"][(len(rows) // 6) % 4]
    made = row(rng, kind, where)
    if made["images"]:
        rows.append(made)
json.dump({"made_by": "scripts/golden/point_images.py", "faint": FAINT, "rows": rows}, sys.stdout)
print()
