"""Writes lens-models/tests/data/cosmology.json: distances of 60 universes, held to astropy.

    python scripts/golden/cosmology.py > lens-models/tests/data/cosmology.json      (astropy 8.0)

Without radiation, which is astropy's default. Critical densities and delays are the textbook's formulas with astropy's constants. The script
refuses to write a row where the line-of-sight distance differs from SciPy's integral of astropy's E(z) by more than 1e-12.
"""

import json
import math
import random
import sys

import astropy.constants as const
import astropy.units as u
from astropy.cosmology import w0waCDM
from scipy.integrate import quad

C = const.c.to_value("km/s")


def row(rng, kind):
    h0, om0 = rng.uniform(50, 90), rng.uniform(0.1, 0.5)
    ok0 = rng.uniform(-0.3, 0.4) if kind in ("curved", "all") else 0.0
    w0 = rng.uniform(-1.6, -0.5) if kind in ("w", "all") else -1.0
    wa = rng.uniform(-0.8, 0.5) if kind in ("w", "all") else 0.0
    z_lens = round(rng.uniform(0.05, 1.2), 3)
    z_source = round(z_lens + rng.uniform(0.1, 6), 3)
    cosmology = w0waCDM(H0=h0, Om0=om0, Ode0=1 - om0 - ok0, w0=w0, wa=wa, Tcmb0=0)

    own = C / h0 * quad(lambda z: 1 / cosmology.efunc(z), 0, z_source, epsabs=0, epsrel=1e-13, limit=500)[0]
    comoving = cosmology.comoving_distance(z_source).to_value("Mpc")
    assert abs(own / comoving - 1) < 1e-12, (kind, own, comoving)
    angular = lambda z1, z2: cosmology.angular_diameter_distance(z1, z2).to_value("Mpc")
    d_l, d_s, d_ls = angular(0, z_lens), angular(0, z_source), angular(z_lens, z_source)
    critical = const.c**2 / (4 * math.pi * const.G) * d_s / (d_l * d_ls) / u.Mpc
    return {
        "cosmology": [h0, om0, ok0, w0, wa],
        "z": [z_lens, z_source],
        "comoving": comoving,
        "transverse": cosmology.comoving_transverse_distance(z_source).to_value("Mpc"),
        "angular_diameter": [d_l, d_s, d_ls],
        "luminosity": cosmology.luminosity_distance(z_source).to_value("Mpc"),
        "critical_surface_density": critical.to_value("Msun/Mpc2"),
        "time_delay_distance": (1 + z_lens) * d_l * d_s / d_ls,
        # Of a Fermat potential of 1 arcsec^2.
        "days": ((1 + z_lens) * d_l * d_s / d_ls * u.Mpc / const.c * u.arcsec.to(u.rad) ** 2).to_value("day"),
        "kpc_per_arcsec": (d_l * u.Mpc * u.arcsec.to(u.rad)).to_value("kpc"),
    }


rng = random.Random(11)
rows = [row(rng, kind) for kind in ("flat", "curved", "w", "all") for _ in range(15)]
json.dump({"made_by": "scripts/golden/cosmology.py", "rows": rows}, sys.stdout)
print()
