"""Writes mock lenses with clumpy sources by lenstronomy into a folder, one folder each, and reads how arclet's fits of them came out.

    python scripts/pixels_mocks.py make FOLDER                 (lenstronomy 1.14.2, astropy 8.0)
    arclet fit FOLDER/NUMBER/system.json --out FOLDER/NUMBER/fit --warmup 150 --draws 300       for each of them
    python scripts/pixels_mocks.py read FOLDER

A power law in shear, 80 x 80 pixels of 0.05 arcsec, 5 x 5 sub-pixels, a Gaussian PSF of 0.1 arcsec as a kernel of 15 x 15 pixels. A source is an
exponential disc with a bulge or without and two to six Gaussian knots at random places in it; lens, source and noise are all drawn by the seed, and none
is drawn again. The brightest pixel is 15 to 60 times the noise. The system file says what an image would: no value of the truth is in it.
"""

import json
import pathlib
import sys

import numpy as np

MOCKS, SIZE, PIXEL = 6, 80, 0.05
NAMES = ["theta_E", "gamma", "e1", "e2", "gamma1", "gamma2"]


def lens(rng):
    q, phi, shear, angle = rng.uniform(0.65, 0.95), rng.uniform(0, np.pi), rng.uniform(0.0, 0.07), rng.uniform(0, np.pi)
    e = (1 - q) / (1 + q)
    epl = {"theta_E": rng.uniform(0.9, 1.3), "gamma": rng.uniform(1.8, 2.25), "e1": e * np.cos(2 * phi), "e2": e * np.sin(2 * phi)}
    epl |= {"center_x": rng.normal(0, 0.03), "center_y": rng.normal(0, 0.03)}
    return epl, {"gamma1": shear * np.cos(2 * angle), "gamma2": shear * np.sin(2 * angle), "ra_0": 0.0, "dec_0": 0.0}


def source(rng):
    x, y, r = rng.normal(0, 0.08), rng.normal(0, 0.08), rng.uniform(0.12, 0.25)
    q, phi = rng.uniform(0.4, 0.9), rng.uniform(0, np.pi)
    e = (1 - q) / (1 + q) * np.array([np.cos(2 * phi), np.sin(2 * phi)])
    disc = {"amp": 1.0, "R_sersic": r, "n_sersic": 1.0, "e1": e[0], "e2": e[1], "center_x": x, "center_y": y}
    models, kwargs = ["SERSIC_ELLIPSE"], [disc]
    for _ in range(rng.integers(2, 7)):
        sigma, at = rng.uniform(0.02, 0.06), rng.normal(0, 0.8 * r, 2)
        # lenstronomy's amplitude is the flux: this is the brightness at the centre, of that of the disc at its radius.
        knot = {"amp": rng.uniform(0.7, 3.0) * 2 * np.pi * sigma**2, "sigma": sigma, "center_x": x + at[0], "center_y": y + at[1]}
        models.append("GAUSSIAN")
        kwargs.append(knot)
    return models, kwargs


def camera():
    """The frame, its PSF and the kernel of that, as lenstronomy takes them."""
    from lenstronomy.Data.imaging_data import ImageData
    from lenstronomy.Data.psf import PSF

    first = -(SIZE - 1) / 2 * PIXEL
    data = {"image_data": np.zeros((SIZE, SIZE)), "ra_at_xy_0": first, "dec_at_xy_0": first, "transform_pix2angle": PIXEL * np.eye(2)}
    axis = np.arange(15) - 7
    kernel = np.exp(-0.5 * (axis * PIXEL / (0.1 / 2.3548)) ** 2)
    kernel = np.outer(kernel, kernel) / kernel.sum() ** 2
    return ImageData(**data), PSF(psf_type="PIXEL", kernel_point_source=kernel), kernel


def make(folder):
    from astropy.io import fits
    from lenstronomy.ImSim.image_model import ImageModel
    from lenstronomy.LensModel.lens_model import LensModel
    from lenstronomy.LightModel.light_model import LightModel

    frame, psf, kernel = camera()
    for number in range(MOCKS):
        rng = np.random.default_rng([2026, number])
        mass, (models, light) = lens(rng), source(rng)
        model = ImageModel(frame, psf, LensModel(["EPL", "SHEAR"]), LightModel(models), kwargs_numerics={"supersampling_factor": 5})
        image = model.image(list(mass), light, unconvolved=False)
        noise = image.max() / rng.uniform(15, 60)
        image = image + noise * rng.standard_normal(image.shape)
        path = folder / str(number)
        path.mkdir(parents=True, exist_ok=True)
        for name, pixels in [("image", image), ("psf", kernel)]:
            fits.writeto(path / f"{name}.fits", pixels.astype(np.float64), overwrite=True)
        system = {
            "data": {"image": "image.fits", "psf": "psf.fits", "background_rms": float(noise), "pixel_scale": PIXEL},
            "lens": [{"name": "lens", "profile": "epl"}, {"name": "shear", "profile": "shear"}],
            "source": [{"name": "source", "profile": "pixels", "pixels": 50}],
        }
        (path / "system.json").write_text(json.dumps(system, indent=1))
        truth = {f"{component}.{name}": float(value) for component, own in zip(["lens", "shear"], mass) for name, value in own.items()}
        (path / "truth.json").write_text(json.dumps(truth, indent=1))


def read(folder):
    print(f"{'':4}" + "".join(f"{name:>24}" for name in NAMES) + "   chi2  R-hat  seconds")
    all_z = []
    for path in sorted(p for p in folder.iterdir() if (p / "fit/summary.json").exists()):
        truth, summary = json.loads((path / "truth.json").read_text()), json.loads((path / "fit/summary.json").read_text())
        lens = [("lens." if name in ("theta_E", "gamma", "e1", "e2") else "shear.") + name for name in NAMES]
        sites = [summary["sites"][name] for name in lens]
        z = [(site["mean"] - truth[name]) / site["sd"] for name, site in zip(lens, sites)]
        all_z.append(z)
        cells = "".join(f"{site['mean']:9.4f} +- {site['sd']:.4f} {v:+4.1f}" for site, v in zip(sites, z))
        r_hat, seconds = max(site["r_hat"] for site in sites), sum(summary["seconds"].values())
        print(f"{path.name:4}{cells}  {summary['chi2_per_pixel']:.3f}  {r_hat:.3f}  {seconds:.0f}")
    z = np.array(all_z)
    print("rms of z:", ", ".join(f"{name} {r:.2f}" for name, r in zip(NAMES, np.sqrt((z**2).mean(0)))), f"; all {np.sqrt((z**2).mean()):.2f}")


if __name__ == "__main__":
    {"make": make, "read": read}[sys.argv[1]](pathlib.Path(sys.argv[2]))
