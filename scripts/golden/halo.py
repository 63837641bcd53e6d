"""Writes lens-models/tests/data/halo.json: haloes of given mass on the sky, held to lenstronomy and colossus.

    python scripts/golden/halo.py > lens-models/tests/data/halo.json      (lenstronomy 1.14.2, colossus 1.4.0, astropy 8.0)

Angles are those of lenstronomy's LensCosmo.nfw_physical2angle with its constants (G, the solar mass, the Mpc, the critical density) replaced by
those of the IAU (2015, resolutions B2 and B3), which arclet has; `plain` has what its own constants give, 3e-4 apart. Concentrations are those of
colossus' dutton14 and duffy08. The mass of a truncated halo is SciPy's integral of its density.
"""

import json
import math
import random
import sys
import warnings

import lenstronomy.Cosmo.nfw_param as nfw_param
import lenstronomy.Util.constants as constants
from astropy.cosmology import FlatLambdaCDM
from colossus.halo.concentration import modelDuffy08, modelDutton14
from lenstronomy.Cosmo.lens_cosmo import LensCosmo
from scipy.integrate import quad

warnings.simplefilter("ignore")
OWN = {name: getattr(constants, name) for name in ("G", "M_sun", "Mpc")}
OWN_RHOC = nfw_param.NFWParam.rhoc
# IAU: G times the solar mass in m^3/s^2; 648000 / pi astronomical units times 1e6.
IAU = {"G": 1.3271244e20, "M_sun": 1.0, "Mpc": 149597870700.0 * 648000 / math.pi * 1e6}
IAU_RHOC = 3 * 1e10 / (8 * math.pi * IAU["G"]) * IAU["Mpc"]


def angles(z, z_source, cosmo, mass, c, values, rhoc):
    for name, value in values.items():
        setattr(constants, name, value)
    nfw_param.NFWParam.rhoc = rhoc
    return list(map(float, LensCosmo(z, z_source, cosmo).nfw_physical2angle(mass, c)))


def row(rng):
    h0, om0 = rng.uniform(55, 85), rng.uniform(0.15, 0.45)
    cosmo = FlatLambdaCDM(H0=h0, Om0=om0, Tcmb0=0)
    z = round(rng.uniform(0.05, 1.2), 3)
    z_source = round(z + rng.uniform(0.2, 3), 3)
    lg, c, tau = rng.uniform(6, 15), rng.uniform(2, 40), math.exp(rng.uniform(-1, 4))
    mass = 10**lg
    h = h0 / 100
    density = lambda x: x / (1 + x) ** 2 * tau**2 / (x**2 + tau**2)
    total = sum(quad(density, a, b, epsabs=0, epsrel=1e-12, limit=500)[0] for a, b in [(0, 1), (1, 10), (10, 1000), (1000, math.inf)])
    return {
        "cosmology": [h0, om0, 0.0, -1.0, 0.0],
        "z": [z, z_source],
        "log10_m200": lg,
        "c": c,
        "tau": tau,
        "angles": angles(z, z_source, cosmo, mass, c, IAU, IAU_RHOC),
        "plain": angles(z, z_source, cosmo, mass, c, OWN, OWN_RHOC),
        "dutton_maccio_2014": float(modelDutton14(mass * h, z, "200c")[0]),
        "duffy_2008": float(modelDuffy08(mass * h, z, "200c")[0]),
        "truncated_share": total / (math.log(1 + c) - c / (1 + c)),
    }


rng = random.Random(5)
json.dump({"made_by": "scripts/golden/halo.py", "rows": [row(rng) for _ in range(60)]}, sys.stdout)
print()
