"""Writes lens-models/tests/data/plane_mapping.json: images of point sources, critical curves, caustics and Einstein radii behind lenses in two and three planes,
held to lenstronomy.

    python scripts/golden/plane_mapping.py > lens-models/tests/data/plane_mapping.json      (lenstronomy 1.14.2, astropy 7.2.0)

Rays and arrival times are lenstronomy's MultiPlane (distances without interpolation), Jacobians central differences of five points of them, as its
own are one-sided differences over 1e-8 arcsec. Images are what its LensEquationSolver finds on a grid of 0.01 arcsec, which leaves out a fifth of
them, and those that begin in triangles of rays that surround the source, on that grid, on one of 0.0005 about each image and on one of 0.001 about
each centre, all brought to the rounding of the lens equation by Newton's method; those fainter than 1e-3 are left out. Critical curves, of every fourth system, are the contours of det A on a grid of 0.01 arcsec, some points of which are brought to det A = 0 along
its gradient. Universes are flat: see planes.py.
"""

import json
import random
import sys

import numpy as np
from astropy.cosmology import FlatLambdaCDM
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LensModel.Solver.lens_equation_solver import LensEquationSolver
from scipy.optimize import brentq
from skimage.measure import find_contours

FAINT = 1e-3
HALF_WIDTH, STEP = 3.0, 0.01
# Curves shorter than this are of a few cells, arcsec.
SHORTEST = 0.15


def place(rng, width):
    return {"center_x": rng.uniform(-width, width), "center_y": rng.uniform(-width, width)}


def ellipticity(rng, most):
    phi, f = rng.uniform(0, np.pi), rng.uniform(0.05, most)
    return {"e1": f * np.cos(2 * phi), "e2": f * np.sin(2 * phi)}


def lens(rng, theta, width):
    kind = rng.choice(["epl", "nie", "sis"] if theta < 0.6 else ["epl", "nie"])
    if kind == "epl":
        return "epl", "EPL", {"theta_E": theta, "gamma": rng.uniform(1.7, 2.3), **ellipticity(rng, 0.2), **place(rng, width)}
    if kind == "nie":
        return "nie", "NIE", {"theta_E": theta, **ellipticity(rng, 0.2), "s_scale": rng.uniform(0.03, 0.2), **place(rng, width)}
    return "sis", "SIS", {"theta_E": theta, **place(rng, width)}


class Rays:
    def __init__(self, lenses, redshifts, z_source, cosmo):
        self.kwargs = [own for *_, own in lenses]
        self.model = LensModel([theirs for _, theirs, _ in lenses], z_source=z_source, lens_redshift_list=redshifts, cosmo=cosmo,
                               multi_plane=True, z_source_convention=z_source)

    def beta(self, x, y):
        return np.array(self.model.ray_shooting(x, y, self.kwargs))

    def jacobian(self, x, y, h=2e-4):
        along = lambda dx, dy: (8 * (self.beta(x + h * dx, y + h * dy) - self.beta(x - h * dx, y - h * dy))
                                - (self.beta(x + 2 * h * dx, y + 2 * h * dy) - self.beta(x - 2 * h * dx, y - 2 * h * dy))) / (12 * h)
        return np.array([along(1, 0), along(0, 1)]).swapaxes(0, 1)

    def det(self, x, y, h=2e-4):
        (a, b), (c, d) = self.jacobian(x, y, h)
        return a * d - b * c

    def newton(self, source, x, y):
        for _ in range(60):
            step = np.linalg.solve(self.jacobian(x, y, 1e-5), np.array(source) - self.beta(x, y))
            length = np.hypot(*step)
            step *= min(1.0, 0.05 / length) if length > 0 else 1.0
            x, y = x + step[0], y + step[1]
            if length < 1e-15:
                break
        return float(x), float(y), float(np.hypot(*(self.beta(x, y) - source)))

    def images(self, source):
        solver, images = LensEquationSolver(self.model), []

        def add(starts):
            for x, y in starts:
                x, y, off = self.newton(source, x, y)
                mu = float(1 / self.det(x, y, 3e-5))
                if off < 1e-11 and abs(mu) > FAINT and all(np.hypot(x - a, y - b) > 1e-7 for a, b, *_ in images):
                    images.append([x, y, mu, float(self.model.arrival_time(x, y, self.kwargs))])

        x, y = solver.image_position_from_source(*source, self.kwargs, min_distance=0.01, search_window=10, precision_limit=1e-8,
                                                 num_iter_max=300, arrival_time_sort=False)
        add(zip(np.atleast_1d(x), np.atleast_1d(y)))
        add(self.triangles(source, 0, 0, 5, 0.01))
        for x, y, mu, _ in list(images):
            add(self.triangles(source, x, y, 0.1, 0.0005))
        for own in self.kwargs:
            if "center_x" in own:
                add(self.triangles(source, own["center_x"], own["center_y"], 0.2, 0.001))
        return sorted(images, key=lambda image: image[3])

    def triangles(self, source, x_center, y_center, half_width, step):
        """The middles of the triangles of a grid whose rays surround the source."""
        along = np.arange(-half_width, half_width + step / 2, step)
        x, y = np.meshgrid(x_center + along, y_center + along)
        dx, dy = self.beta(x, y) - np.reshape(source, (2, 1, 1))
        corner = [(slice(i, i - 1 or None), slice(j, j - 1 or None)) for i, j in ((0, 0), (0, 1), (1, 1), (1, 0))]
        starts = []
        for triple in (corner[:3], [corner[0], *corner[2:]]):
            cross = [dx[a] * dy[b] - dy[a] * dx[b] for a, b in zip(triple, triple[1:] + triple[:1])]
            inside = (np.min(cross, axis=0) >= 0) | (np.max(cross, axis=0) <= 0)
            starts += zip(*(np.mean([v[c] for c in triple], axis=0)[inside] for v in (x, y)))
        return starts

    def einstein_radius(self):
        """Of the circle about the origin within which the mean effective convergence is 1: the flux of the deflection over its area."""
        sin, cos = np.sin(angles := np.linspace(0, 2 * np.pi, 4096, endpoint=False)), np.cos(angles)

        def excess(radius):
            x, y = radius * cos, radius * sin
            ax, ay = self.model.alpha(x, y, self.kwargs)
            return np.mean(ax * cos + ay * sin) / radius - 1

        return float(brentq(excess, 0.05, 5.0, xtol=1e-13))

    def curves(self):
        along = np.arange(-HALF_WIDTH, HALF_WIDTH + STEP / 2, STEP)
        x, y = np.meshgrid(along, along)
        curves = []
        for contour in find_contours(self.det(x, y), 0.0):
            points = contour[:, ::-1] * STEP - HALF_WIDTH
            closed = np.hypot(*(points[0] - points[-1])) < 1e-9
            on_curve = [self.on_curve(*p) for p in points[:: max(1, len(points) // 12)][:12]]
            on_curve = [p for p in on_curve if p is not None]
            # About a pole det A changes its sign without a root.
            if closed and np.ptp(points, axis=0).max() > SHORTEST and len(on_curve) > 7:
                (px, py), beta = points.T, np.array([self.beta(*p) for p in on_curve])
                area = 0.5 * abs(np.sum(px[:-1] * py[1:] - px[1:] * py[:-1]))
                curves.append({"area": float(area), "critical": np.array(on_curve).tolist(), "caustic": beta.tolist()})
        return curves

    def on_curve(self, x, y):
        h, start = 1e-5, (x, y)
        for _ in range(30):
            det = self.det(x, y)
            g = np.array([self.det(x + h, y) - self.det(x - h, y), self.det(x, y + h) - self.det(x, y - h)]) / (2 * h)
            dx, dy = -det * g / (g @ g)
            x, y = x + dx, y + dy
            if np.hypot(x - start[0], y - start[1]) > STEP:
                return None
        return (x, y) if abs(self.det(x, y, 3e-5)) < 1e-7 else None


def row(rng, number):
    h0, om0 = rng.uniform(60, 80), rng.uniform(0.2, 0.4)
    z_source = round(rng.uniform(1.5, 3.0), 2)
    main = round(rng.uniform(0.2, 0.7), 2)
    phi, g = rng.uniform(0, np.pi), rng.uniform(0, 0.08)
    shear = ("shear", "SHEAR", {"gamma1": g * np.cos(2 * phi), "gamma2": g * np.sin(2 * phi)})
    lenses, redshifts = [lens(rng, rng.uniform(0.8, 1.4), 0.1), shear], [main, main]
    # Behind the main lens, then in front of it, then on either side.
    if number % 3 != 1:
        lenses.append(lens(rng, rng.uniform(0.15, 0.6), 0.6))
        redshifts.append(round(rng.uniform(main + 0.1, z_source - 0.3), 2))
    if number % 3 != 0:
        lenses.append(lens(rng, rng.uniform(0.1, 0.4), 1.2))
        redshifts.append(round(rng.uniform(0.05, main - 0.05), 2))
    rays = Rays(lenses, redshifts, z_source, FlatLambdaCDM(H0=h0, Om0=om0, Tcmb0=0))
    # About the middle of where the rays of the ring arrive.
    ring = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    middle = rays.beta(np.cos(ring), np.sin(ring)).mean(axis=1)
    r, phi = rng.uniform(0, 0.3), rng.uniform(0, 2 * np.pi)
    source = [float(middle[0] + r * np.cos(phi)), float(middle[1] + r * np.sin(phi))]
    made = {"cosmology": [h0, om0, 0.0, -1.0, 0.0], "z_source": z_source,
            "lens": [[ours, z, own] for (ours, _, own), z in zip(lenses, redshifts)], "source": source, "images": rays.images(source)}
    if number % 4 == 0:
        made["einstein_radius"] = rays.einstein_radius()
        made["curves"] = rays.curves()
    return made


rng = random.Random(7)
rows = []
for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 42):
    rows.append(row(rng, number))
    print(number, len(rows[-1]["images"]), [round(c["area"], 3) for c in rows[-1].get("curves", [])], file=sys.stderr)
json.dump({"made_by": "scripts/golden/plane_mapping.py", "faint": FAINT, "rows": rows}, sys.stdout)
print()
