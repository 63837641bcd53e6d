"""Six lenses as lenstronomy sees them (sub-pixels, a Moffat PSF), to be fitted without a word on sub-pixels.

needs: pip install lenstronomy
usage: six_lenses.py make FOLDER [SUB]   writes FOLDER/1 .. FOLDER/6: image.npy, noise.npy, psf.npy, system.json, truth.json,
                                         by SUB x SUB sub-pixels (5; of which the second image is wrong by up to 2.3 sigma)
       six_lenses.py compare FOLDER      after `arclet fit FOLDER/N/system.json --out FOLDER/N/fit`: z of every parameter, as Markdown
"""

import json
import pathlib
import sys

import numpy as np

PIXEL, EXPOSURE = 0.05, 2000.0
# theta_E, gamma, size, light (amp, R, n), source (amp, R, n), seed; the second is small under a bright cusp.
LENSES = [
    (1.2, 2.05, 100, (0.6, 0.8, 3.0), (1.5, 0.20, 1.0), 1),
    (0.5, 2.10, 70, (4.0, 0.6, 4.0), (3.0, 0.10, 1.0), 2),
    (0.9, 1.90, 90, (1.0, 0.6, 2.5), (2.0, 0.12, 1.5), 3),
    (1.5, 2.00, 110, (0.4, 1.2, 4.0), (1.0, 0.25, 0.8), 4),
    (0.7, 2.00, 80, (1.5, 0.5, 3.5), (2.0, 0.08, 1.0), 5),
    (1.0, 2.15, 90, (0.8, 0.7, 2.0), (1.5, 0.15, 2.0), 6),
]


def moffat(size=15, fwhm=0.12, beta=3.0, sub=11):
    """Integrated over each pixel."""
    alpha = fwhm / 2 / np.sqrt(2 ** (1 / beta) - 1)
    at = (np.arange(size * sub) - (size * sub - 1) / 2) * PIXEL / sub
    x, y = np.meshgrid(at, at)
    fine = (1 + (x**2 + y**2) / alpha**2) ** -beta
    kernel = fine.reshape(size, sub, size, sub).mean(axis=(1, 3))
    return kernel / kernel.sum()


def make(folder, sub=5):
    from lenstronomy.Data.imaging_data import ImageData
    from lenstronomy.Data.psf import PSF
    from lenstronomy.ImSim.image_model import ImageModel
    from lenstronomy.LensModel.lens_model import LensModel
    from lenstronomy.LightModel.light_model import LightModel

    kernel = moffat()
    for number, (theta_E, gamma, size, light, source, seed) in enumerate(LENSES, 1):
        rng = np.random.default_rng(seed)
        small = lambda scale: float(np.clip(rng.normal(0, scale), -2 * scale, 2 * scale))
        lens = dict(theta_E=theta_E, gamma=gamma, e1=small(0.08), e2=small(0.08), center_x=small(0.02), center_y=small(0.02))
        shear = dict(gamma1=small(0.03), gamma2=small(0.03))
        sersic = lambda of, ellipticity, off: dict(
            amp=of[0], R_sersic=of[1], n_sersic=of[2], e1=small(ellipticity), e2=small(ellipticity), **off
        )
        bulge = sersic(light, 0.08, dict(center_x=lens["center_x"], center_y=lens["center_y"]))
        galaxy = sersic(source, 0.15, dict(center_x=small(0.08) * theta_E, center_y=small(0.08) * theta_E))
        corner = -(size - 1) / 2 * PIXEL
        data = ImageData(
            image_data=np.zeros((size, size)), background_rms=1, exposure_time=1, ra_at_xy_0=corner, dec_at_xy_0=corner,
            transform_pix2angle=np.eye(2) * PIXEL,
        )
        model = ImageModel(
            data, PSF(psf_type="PIXEL", kernel_point_source=kernel), LensModel(["EPL", "SHEAR"]), LightModel(["SERSIC_ELLIPSE"]),
            LightModel(["SERSIC_ELLIPSE"]), kwargs_numerics=dict(supersampling_factor=int(sub), supersampling_convolution=False),
        )
        # lenstronomy's amplitudes are per square arcsec, here they are per pixel.
        signal = model.image([lens, shear], [galaxy], [bulge], unconvolved=False) / PIXEL**2
        rms = 0.02
        sigma = np.sqrt(rms**2 + np.maximum(signal, 0) / EXPOSURE)
        image = signal + sigma * rng.normal(size=signal.shape)
        out = folder / str(number)
        out.mkdir(parents=True, exist_ok=True)
        for name, array in dict(image=image, noise=sigma, psf=kernel).items():
            np.save(out / f"{name}.npy", array.astype("f4"))
        truth = {f"{name}.{key}": v for name, of in
                 dict(lens=lens, shear=shear, bulge=bulge, source=galaxy).items() for key, v in of.items()}
        (out / "truth.json").write_text(json.dumps(truth, indent=1))
        # lenstronomy's b_n is the approximate one.
        profile = "sersic_lenstronomy_bn"
        (out / "system.json").write_text(json.dumps({
            "data": {"image": "image.npy", "noise": "noise.npy", "psf": "psf.npy", "pixel_scale": PIXEL},
            "lens": [{"name": "lens", "profile": "epl"}, {"name": "shear", "profile": "shear"}],
            "light": [{"name": "bulge", "profile": profile}],
            "source": [{"name": "source", "profile": profile}],
        }, indent=1))


def compare(folder):
    print("| lens | theta_E | largest z | of | gamma | z rms | chi2/pixel | R-hat | divergences |\n|---|---|---|---|---|---|---|---|---|")
    pooled = []
    for number, lens in enumerate(LENSES, 1):
        out = folder / str(number)
        truth = json.loads((out / "truth.json").read_text())
        summary = json.loads((out / "fit/summary.json").read_text())
        z = {site: (s["mean"] - truth[site]) / s["sd"] for site, s in summary["sites"].items()}
        worst = max(z, key=lambda site: abs(z[site]))
        gamma = summary["sites"]["lens.gamma"]
        r_hat = max(s["r_hat"] for s in summary["sites"].values())
        pooled += z.values()
        rms = np.sqrt(np.mean(np.square(list(z.values()))))
        print(f"| {number} | {lens[0]} | {z[worst]:+.1f} | {worst} | {gamma['mean']:.3f} ± {gamma['sd']:.3f} ({lens[1]}) | {rms:.2f} "
              f"| {summary.get('chi2_per_pixel', float('nan')):.3f} | {r_hat:.3f} | {summary.get('divergences', '')} |")
    print(f"\nz rms of all {len(pooled)}: {np.sqrt(np.mean(np.square(pooled))):.3f}")


{"make": make, "compare": compare}[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:])
