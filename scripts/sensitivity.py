"""The map of `arclet sensitivity` beside the linear response of the image to a halo, made with lenstronomy.

needs: pip install lenstronomy astropy scipy
usage: sensitivity.py make FOLDER     writes FOLDER/mock.json: a power law in shear, 80 x 80 pixels, a Sersic source; then, in FOLDER,
           arclet simulate mock.json --out mock --seed 3
           arclet fit mock/system.json --out fit --method map
           arclet sensitivity fit/best.json --out map --masses 8,9,9.5 --cells 16
       sensitivity.py check FOLDER    a row a mass: at six places the expected gain of the map and r' r / (2 sigma^2), r the change of the image by the halo
                                      that is orthogonal to its changes by the 15 other parameters

The halo is lenstronomy's TNFW, its concentration that of Dutton & Maccio (2014, arXiv:1402.7073, table 3), in a flat universe of H0 = 70, Om0 = 0.3.
"""

import json
import pathlib
import sys

import astropy.constants as ac
import numpy as np
from astropy.cosmology import FlatLambdaCDM
from astropy.io import fits
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LensModel.Profiles.tnfw import TNFW
from scipy.signal import fftconvolve

PIXELS, PIXEL, SIGMA = 80, 0.05, 0.01
Z_LENS, Z_SOURCE, TAU = 0.3, 1.2, 10.0
MASSES, CELLS = (8.0, 9.0, 9.5), 16
PLACES = [(3, 8), (8, 12), (11, 4), (12, 9), (5, 5), (8, 8)]
TRUTH = {
    "lens": {"theta_E": 1.1, "gamma": 2.05, "e1": 0.1, "e2": -0.05, "center_x": 0.02, "center_y": -0.01},
    "shear": {"gamma1": 0.03, "gamma2": -0.02},
    "source": {"amp": 0.6, "R_sersic": 0.2, "n_sersic": 1.2, "e1": 0.1, "e2": 0.1, "center_x": 0.08, "center_y": 0.05},
}
PROFILES = {"lens": "epl", "shear": "shear", "source": "sersic"}

along = (np.arange(PIXELS) - (PIXELS - 1) / 2) * PIXEL
X, Y = np.meshgrid(along, along)


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    component = lambda name: {
        "name": name,
        "profile": PROFILES[name],
        "parameters": {key: {"value": value} for key, value in TRUTH[name].items()},
    }
    system = {
        "data": {"size": [PIXELS] * 2, "pixel_scale": PIXEL, "background_rms": SIGMA, "psf_fwhm": 0.1, "supersampling": 1},
        "cosmology": {"z_lens": Z_LENS, "z_source": Z_SOURCE},
        "lens": [component("lens"), component("shear")],
        "source": [component("source")],
    }
    (folder / "mock.json").write_text(json.dumps(system, indent=1))


def deflection(p):
    lens = {key: p[f"lens.{key}"] for key in TRUTH["lens"]}
    shear = {key: p[f"shear.{key}"] for key in TRUTH["shear"]}
    return LensModel(["EPL", "SHEAR"]).alpha(X, Y, [lens, shear])


def source(x, y, p):
    """Sersic with the expansion of b by Ciotti & Bertin (1999), as arclet has it."""
    n = p["source.n_sersic"]
    b = 2 * n - 1 / 3 + 4 / (405 * n) + 46 / (25515 * n**2) + 131 / (1148175 * n**3) - 2194697 / (30690717750 * n**4)
    e1, e2 = p["source.e1"], p["source.e2"]
    size, phi = np.hypot(e1, e2), 0.5 * np.arctan2(e2, e1)
    q = (1 - size) / (1 + size)
    dx, dy = x - p["source.center_x"], y - p["source.center_y"]
    u, v = np.cos(phi) * dx + np.sin(phi) * dy, np.cos(phi) * dy - np.sin(phi) * dx
    return p["source.amp"] * np.exp(-b * ((np.sqrt(q * u**2 + v**2 / q) / p["source.R_sersic"]) ** (1 / n) - 1))


def halo(lg_mass, x, y):
    """The deflection of a halo of this lg M200, arcsec."""
    universe = FlatLambdaCDM(H0=70, Om0=0.3)
    slope = -0.101 + 0.026 * Z_LENS
    intercept = 0.520 + (0.905 - 0.520) * np.exp(-0.617 * Z_LENS**1.21)
    c = 10 ** (intercept + slope * (lg_mass + np.log10(0.7) - 12))
    critical = universe.critical_density(Z_LENS).to("Msun/kpc3").value
    scale = (3 * 10**lg_mass / (800 * np.pi * critical)) ** (1 / 3) / c
    density = 200 / 3 * c**3 / (np.log(1 + c) - c / (1 + c)) * critical
    kpc = lambda distance: distance.to("kpc").value
    to_lens, to_source = (kpc(universe.angular_diameter_distance(z)) for z in (Z_LENS, Z_SOURCE))
    between = kpc(universe.angular_diameter_distance(Z_LENS, Z_SOURCE))
    surface = (ac.c**2 / (4 * np.pi * ac.G)).to("Msun/kpc").value * to_source / to_lens / between
    arcsec = to_lens * np.pi / 180 / 3600
    at_scale = density * arcsec / surface * 4 * (scale / arcsec) ** 2 * (1 + np.log(0.5))
    return TNFW().derivatives(X, Y, scale / arcsec, at_scale, TAU * scale / arcsec, x, y)


def check(folder):
    psf = fits.getdata(folder / "mock/psf.fits").astype(float)
    psf /= psf.sum()
    best = json.loads((folder / "fit/best.json").read_text())
    components = best["lens"] + best["source"]
    p = {f"{c['name']}.{key}": v["value"] for c in components for key, v in c["parameters"].items()}

    def image(p, more=(0.0, 0.0)):
        a, b = deflection(p)
        return fftconvolve(source(X - a - more[0], Y - b - more[1], p), psf, mode="same").ravel() / SIGMA

    base, columns = image(p), []
    for key, value in sorted(p.items()):
        step = 1e-5 * max(1.0, abs(value))
        columns.append((image(p | {key: value + step}) - image(p | {key: value - step})) / (2 * step))
    q, _ = np.linalg.qr(np.array(columns).T)
    maps = fits.open(folder / "map/sensitivity.fits")
    print("| lg M200 | expected gain of the map, linear response |\n|---|---|")
    for k, lg_mass in enumerate(MASSES):
        hdu = maps[f"EXPECTED_{k + 1}"]
        at = lambda i, name: (i + 0.5 - CELLS / 2) * hdu.header["PIXSCALE"] + hdu.header[name]
        cells = []
        for row, column in PLACES:
            change = image(p, halo(lg_mass, at(column, "XCENTER"), at(row, "YCENTER"))) - base
            left = change - q @ (q.T @ change)
            cells.append(f"{hdu.data[row, column]:.2f}, {0.5 * left @ left:.2f}")
        print(f"| {lg_mass} | {'; '.join(cells)} |")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("make", "check"):
        sys.exit(__doc__)
    {"make": make, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2]))
