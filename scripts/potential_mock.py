"""Makes a mock lens with a dark halo by lenstronomy, for a potential on a grid to find, and reads what arclet's fit of it found.

    python scripts/potential_mock.py make FOLDER                 (lenstronomy 1.14.2, astropy 8.0)
    arclet fit FOLDER/system.json --out FOLDER/fit ; arclet fit FOLDER/smooth.json --out FOLDER/smooth
    arclet trace FOLDER/fit/best.json --points FOLDER/points.csv > FOLDER/traced.csv
    arclet trace FOLDER/smooth/best.json --points FOLDER/points.csv > FOLDER/traced_smooth.csv
    python scripts/potential_mock.py read FOLDER

A power law in shear and a truncated NFW halo on the ring, of which nothing is said in the system files; a Sersic source with two knots; 80 x 80 pixels of
0.05 arcsec, 5 x 5 sub-pixels, a Gaussian PSF of 0.1 arcsec; the brightest pixel is 100 times the noise. `read` compares deflections where there are arcs.
A deflection that a shift of the source makes is none: their means are taken away.
"""

import csv
import json
import pathlib
import sys

import numpy as np
from pixels_mocks import PIXEL, SIZE, camera

LENS = {"theta_E": 1.1, "gamma": 2.05, "e1": 0.08, "e2": -0.06, "center_x": 0.01, "center_y": -0.02}
SHEAR = {"gamma1": 0.03, "gamma2": -0.02, "ra_0": 0.0, "dec_0": 0.0}
HALO = {"Rs": 0.12, "alpha_Rs": 0.03, "r_trunc": 0.6, "center_x": 0.75, "center_y": 0.85}
SOURCE = [
    {"amp": 1.0, "R_sersic": 0.2, "n_sersic": 1.2, "e1": 0.1, "e2": 0.15, "center_x": 0.05, "center_y": 0.08},
    {"amp": 0.03, "sigma": 0.05, "center_x": 0.15, "center_y": 0.02},
    {"amp": 0.03, "sigma": 0.05, "center_x": -0.08, "center_y": 0.16},
]


def models():
    from lenstronomy.LensModel.lens_model import LensModel

    return LensModel(["EPL", "SHEAR", "TNFW"]), [LENS, SHEAR, HALO]


def make(folder):
    from astropy.io import fits
    from lenstronomy.ImSim.image_model import ImageModel
    from lenstronomy.LightModel.light_model import LightModel

    frame, psf, kernel = camera()
    model, kwargs = models()
    light = LightModel(["SERSIC_ELLIPSE", "GAUSSIAN", "GAUSSIAN"])
    image_model = ImageModel(frame, psf, model, light, kwargs_numerics={"supersampling_factor": 5})
    image = image_model.image(kwargs, SOURCE, unconvolved=False)
    noise = image.max() / 100
    clean = image
    image = image + noise * np.random.default_rng(2026).standard_normal(image.shape)
    folder.mkdir(parents=True, exist_ok=True)
    for name, pixels in [("image", image), ("psf", kernel)]:
        fits.writeto(folder / f"{name}.fits", pixels.astype(np.float64), overwrite=True)
    smooth = {
        "data": {"image": "image.fits", "psf": "psf.fits", "background_rms": float(noise), "pixel_scale": PIXEL},
        "lens": [{"name": "lens", "profile": "epl"}, {"name": "shear", "profile": "shear"}],
        "source": [{"name": "source", "profile": "sersic"}, {"name": "knots", "profile": "gaussian", "count": 2}],
    }
    bumpy = json.loads(json.dumps(smooth))
    bumpy["lens"].append({"name": "bumps", "profile": "potential_pixels", "pixels": 24, "size": 4.0})
    for name, system in [("smooth", smooth), ("system", bumpy)]:
        (folder / f"{name}.json").write_text(json.dumps(system, indent=1))
    at = PIXEL * (np.arange(SIZE) - (SIZE - 1) / 2)
    x, y = np.meshgrid(at, at)
    with (folder / "points.csv").open("w") as out:
        rows = csv.writer(out)
        rows.writerow(["x", "y"])
        rows.writerows(zip(x.ravel(), y.ravel()))
    np.save(folder / "clean.npy", clean / noise)


def read(folder):
    model, kwargs = models()
    snr = np.load(folder / "clean.npy").ravel()
    weight = np.where(snr > 5, snr**2, 0)
    for name in ["traced_smooth", "traced"]:
        rows = np.genfromtxt(folder / f"{name}.csv", delimiter=",", names=True)
        truth = np.array(model.alpha(rows["x"], rows["y"], kwargs))
        found = np.array([rows["alpha_x"], rows["alpha_y"]])
        off = found - truth
        off -= (off * weight).sum(1, keepdims=True) / weight.sum()
        kappa = rows["kappa"] - model.kappa(rows["x"], rows["y"], kwargs)
        halo = np.hypot(rows["x"] - HALO["center_x"], rows["y"] - HALO["center_y"])
        near = (halo < 0.3) & (snr > 5)
        rms = np.sqrt((off**2 * weight).sum() / weight.sum())
        print(f"{name}: deflection off by {1e3 * rms:.2f} milliarcsec where there are arcs; convergence within 0.3 arcsec of the halo by {kappa[near].mean():+.4f}")
    x, y = rows["x"], rows["y"]
    halo = [model.kappa(x, y, kwargs, k=2).ravel()]
    print(f"mean convergence of the halo within 0.3 arcsec: {halo[0][near].mean():.4f}")


if __name__ == "__main__":
    {"make": make, "read": read}[sys.argv[1]](pathlib.Path(sys.argv[2]))
