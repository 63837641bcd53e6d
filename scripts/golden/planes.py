"""Writes lens-models/tests/data/planes.json: rays through several planes, held to lenstronomy.

    python scripts/golden/planes.py > lens-models/tests/data/planes.json      (lenstronomy 1.14.2, astropy 8.0)

20 systems of two to five lenses at two to five redshifts in front of the source of the convention, ten rays each, followed to that source and to two
other redshifts: positions by lenstronomy's MultiPlane (distances without interpolation), Jacobians by central differences of five points of them.
Universes are flat: lenstronomy adds up comoving steps from plane to plane, which is not how distances add up where space is curved.
"""

import json
import random
import sys

import numpy as np
from astropy.cosmology import FlatLambdaCDM
from lenstronomy.LensModel.lens_model import LensModel


def lens(rng):
    place = {"center_x": rng.uniform(-1, 1), "center_y": rng.uniform(-1, 1)}
    e = {"e1": rng.uniform(-0.2, 0.2), "e2": rng.uniform(-0.2, 0.2)}
    kind = rng.choice(["epl", "sis", "nfw"])
    if kind == "epl":
        return "epl", "EPL", {"theta_E": rng.uniform(0.3, 1.2), "gamma": rng.uniform(1.7, 2.3), **e, **place}
    if kind == "sis":
        return "sis", "SIS", {"theta_E": rng.uniform(0.2, 0.8), **place}
    return "nfw", "NFW", {"Rs": rng.uniform(2, 6), "alpha_Rs": rng.uniform(0.3, 1.2), **place}


def row(rng, count):
    h0, om0 = rng.uniform(60, 80), rng.uniform(0.2, 0.4)
    cosmo = FlatLambdaCDM(H0=h0, Om0=om0, Tcmb0=0)
    z_source = 2.5
    lenses = [lens(rng) for _ in range(count)]
    redshifts = [round(rng.uniform(0.1, 2.2), 2) for _ in lenses]
    if count > 2:
        redshifts[1] = redshifts[0]
    kwargs = [own for *_, own in lenses]
    rays = []
    for z in (z_source, round(rng.uniform(0.3, 2.0), 3) + 0.0005, 4.0):
        # Lenses behind the target do nothing; lenstronomy refuses them.
        front = [k for k, zk in enumerate(redshifts) if zk < z]
        if not front:
            continue
        model = LensModel([lenses[k][1] for k in front], z_source=z, lens_redshift_list=[redshifts[k] for k in front], cosmo=cosmo,
                          multi_plane=True, z_source_convention=z_source)
        own = [kwargs[k] for k in front]
        beta = lambda x, y: np.array(model.ray_shooting(x, y, own))
        for _ in range(10):
            x, y = rng.uniform(-2.5, 2.5), rng.uniform(-2.5, 2.5)
            h = 1e-3
            along = lambda dx, dy: (8 * (beta(x + h * dx, y + h * dy) - beta(x - h * dx, y - h * dy))
                                    - (beta(x + 2 * h * dx, y + 2 * h * dy) - beta(x - 2 * h * dx, y - 2 * h * dy))) / (12 * h)
            dx, dy = along(1, 0), along(0, 1)
            rays.append({"z": z, "theta": [x, y], "beta": beta(x, y).tolist(), "jacobian": [[dx[0], dy[0]], [dx[1], dy[1]]]})
    return {"cosmology": [h0, om0, 0.0, -1.0, 0.0], "z_source": z_source,
            "lens": [[ours, z, own] for (ours, _, own), z in zip(lenses, redshifts)], "rays": rays}


rng = random.Random(3)
rows = [row(rng, 2 + k % 4) for k in range(20)]
json.dump({"made_by": "scripts/golden/planes.py", "rows": rows}, sys.stdout)
print()
