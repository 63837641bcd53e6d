"""Forty lenses whose images lenstronomy blurs on sub-pixels, with bright bulges of n up to 6, and how often a fit covers the truth.

needs: pip install lenstronomy h5py
usage: sub_pixel_mocks.py make FOLDER [COUNT]   writes FOLDER/01 ..: image.npy, noise.npy, psf.npy (three times finer than the image),
                                                system.json, truth.json
       sub_pixel_mocks.py cells [NUMBER]        what the ways of blurring a bulge on 3 x 3 cells get wrong: the first table of docs/images.md
       sub_pixel_mocks.py compare FOLDER        after `arclet fit FOLDER/NN/system.json --out FOLDER/NN/fit`: a row a lens and the coverage

lenstronomy blurs 15 x 15 sub-pixels of each pixel; a fit is given the PSF on 3 x 3. Every parameter is drawn, by a seed of its own. lenstronomy takes the
light at the middle of each sub-pixel: about the centre of the bulge, where that is no mean of it (a cusp of n = 6 changes tenfold within one), the mean over
finer points is put in its place.
"""

import json
import pathlib
import sys

import numpy as np

PIXEL, EXPOSURE, RMS = 0.05, 2000.0, 0.02
FINE, GIVEN = 15, 3


def moffat(factor, size=15, fwhm=0.12, beta=3.0, points=15):
    """On pixels `factor` times finer than the image's, integrated over each of them."""
    size, sub = size * factor, max(1, points // factor)
    alpha = fwhm / 2 / np.sqrt(2 ** (1 / beta) - 1)
    at = (np.arange(size * sub) - (size * sub - 1) / 2) * PIXEL / factor / sub
    x, y = np.meshgrid(at, at)
    kernel = ((1 + (x**2 + y**2) / alpha**2) ** -beta).reshape(size, sub, size, sub).mean(axis=(1, 3))
    return kernel / kernel.sum()


def draw(rng):
    small = lambda scale: float(np.clip(rng.normal(0, scale), -2 * scale, 2 * scale))
    between = lambda low, high: float(rng.uniform(low, high))
    theta_E = between(0.6, 1.5)
    lens = dict(theta_E=theta_E, gamma=2.0 + small(0.15), e1=small(0.1), e2=small(0.1), center_x=small(0.02), center_y=small(0.02))
    shear = dict(gamma1=small(0.03), gamma2=small(0.03))
    bulge = dict(amp=between(0.4, 3.0), R_sersic=between(0.4, 1.0), n_sersic=between(2.0, 6.0), e1=small(0.1), e2=small(0.1),
                 center_x=lens["center_x"] + small(0.01), center_y=lens["center_y"] + small(0.01))
    source = dict(amp=between(1.0, 3.0), R_sersic=between(0.08, 0.25), n_sersic=between(0.7, 2.0), e1=small(0.15), e2=small(0.15),
                  center_x=small(0.08) * theta_E, center_y=small(0.08) * theta_E)
    return lens, shear, bulge, source


def cusp(light, bulge, size):
    """What the means of the bulge over sub-pixels exceed its values at their middles by, about its centre: `[size FINE, size FINE]`, in units of `light`."""
    step, more = PIXEL / FINE, np.zeros((size * FINE, size * FINE))
    middle = lambda k: (k - (size * FINE - 1) / 2) * step
    nearest = lambda at: int(round(at / step + (size * FINE - 1) / 2))
    brightness = lambda x, y: light.surface_brightness(x, y, [bulge])
    column, row = nearest(bulge["center_x"]), nearest(bulge["center_y"])
    # So many points along a sub-pixel within so many sub-pixels of the centre.
    for reach, points in [(45, 5), (8, 25), (1, 375)]:
        offsets = ((np.arange(points) + 0.5) / points - 0.5) * step
        dx, dy = (grid.ravel() for grid in np.meshgrid(offsets, offsets))
        for j in range(row - reach, row + reach + 1):
            for i in range(column - reach, column + reach + 1):
                x, y = middle(i), middle(j)
                more[j, i] = brightness(x + dx, y + dy).mean() - brightness(np.array([x]), np.array([y]))[0]
    return more


def make(folder, count=40):
    from scipy.signal import fftconvolve
    from lenstronomy.Data.imaging_data import ImageData
    from lenstronomy.Data.psf import PSF
    from lenstronomy.ImSim.image_model import ImageModel
    from lenstronomy.LensModel.lens_model import LensModel
    from lenstronomy.LightModel.light_model import LightModel

    fine, given = moffat(FINE), moffat(GIVEN)
    for number in range(1, int(count) + 1):
        rng = np.random.default_rng(1000 + number)
        lens, shear, bulge, source = draw(rng)
        size = int(np.ceil((2 * lens["theta_E"] + 2.0) / PIXEL / 2)) * 2
        corner = -(size - 1) / 2 * PIXEL
        data = ImageData(
            image_data=np.zeros((size, size)), background_rms=1, exposure_time=1, ra_at_xy_0=corner, dec_at_xy_0=corner,
            transform_pix2angle=np.eye(2) * PIXEL,
        )
        model = ImageModel(
            data, PSF(psf_type="PIXEL", kernel_point_source=fine, point_source_supersampling_factor=FINE),
            LensModel(["EPL", "SHEAR"]), LightModel(["SERSIC_ELLIPSE"]), LightModel(["SERSIC_ELLIPSE"]),
            # Its default blurs beyond two pixels on whole ones.
            kwargs_numerics=dict(supersampling_factor=FINE, supersampling_convolution=True, supersampling_kernel_size=None),
        )
        # lenstronomy's amplitudes are per square arcsec, here they are per pixel.
        signal = model.image([lens, shear], [source], [bulge]) / PIXEL**2
        more = fftconvolve(cusp(LightModel(["SERSIC_ELLIPSE"]), bulge, size), fine, mode="same")
        signal += more.reshape(size, FINE, size, FINE).mean(axis=(1, 3))
        sigma = np.sqrt(RMS**2 + np.maximum(signal, 0) / EXPOSURE)
        image = signal + sigma * rng.normal(size=signal.shape)
        out = folder / f"{number:02d}"
        out.mkdir(parents=True, exist_ok=True)
        for name, array in dict(image=image, noise=sigma, psf=given).items():
            np.save(out / f"{name}.npy", array.astype("f4"))
        truth = {f"{name}.{key}": v for name, of in
                 dict(lens=lens, shear=shear, bulge=bulge, source=source).items() for key, v in of.items()}
        (out / "truth.json").write_text(json.dumps(truth, indent=1))
        # lenstronomy's b_n is the approximate one.
        profile = "sersic_lenstronomy_bn"
        (out / "system.json").write_text(json.dumps({
            "data": {"image": "image.npy", "noise": "noise.npy", "psf": "psf.npy", "psf_supersampling": GIVEN, "pixel_scale": PIXEL},
            "lens": [{"name": "lens", "profile": "epl"}, {"name": "shear", "profile": "shear"}],
            "light": [{"name": "bulge", "profile": profile}],
            "source": [{"name": "source", "profile": profile}],
        }, indent=1))


def for_means(kernel):
    """The kernel for means of cells (`Psf::of_means`)."""
    stencil = np.array([-1, 26, -1]) / 24
    for axis in (0, 1):
        padded = np.pad(kernel, [(1, 1) if k == axis else (0, 0) for k in (0, 1)], mode="edge")
        kernel = sum(w * np.take(padded, range(k, k + kernel.shape[axis]), axis) for k, w in enumerate(stencil))
    return kernel / kernel.sum()


def with_moments(fine, means):
    """Means moved by the first and second moments of their cells (`Sampling::deposit`), all of which have the same sub-pixels."""
    n, side = len(means), len(fine) // len(means)
    u = (np.arange(side) + 0.5) / side - 0.5
    cells, moved = fine.reshape(n, side, n, side), means.copy()
    for axis, along in ((0, "yjxi,j->yx"), (1, "yjxi,i->yx")):
        after = lambda values, step: np.roll(values, step, axis)
        first = np.einsum(along, cells, u) / side**2 - (after(means, -1) - after(means, 1)) / 24
        # A sub-pixel is taken to be filled evenly.
        second = np.einsum(along, cells, u**2 + 1 / (12 * side**2)) / side**2 - means / 12
        moved += (after(first, 1) - after(first, -1)) / 2 + (after(second, 1) + after(second, -1)) / 2 - second
    return moved


def cells(number=2, size=44):
    from lenstronomy.LightModel.light_model import LightModel
    from scipy.signal import fftconvolve

    bulge, light = draw(np.random.default_rng(1000 + int(number)))[2], LightModel(["SERSIC_ELLIPSE"])
    binned = lambda fine, by: fine.reshape(len(fine) // by, by, len(fine) // by, by).mean(axis=(1, 3))
    at = (np.arange(size * FINE) - (size * FINE - 1) / 2) * PIXEL / FINE
    x, y = (grid.ravel() for grid in np.meshgrid(at, at))
    fine = light.surface_brightness(x, y, [bulge]).reshape(size * FINE, -1) + cusp(light, bulge, size)
    truth = binned(fftconvolve(fine, moffat(FINE), mode="same"), FINE)
    sigma = np.sqrt(RMS**2 + truth / EXPOSURE)
    means, kernel, side = binned(fine, FINE // GIVEN), moffat(GIVEN), FINE // GIVEN
    print(f"n = {bulge['n_sersic']:.1f}, the brightest pixel at S/N {(truth / sigma).max():.0f}")
    print("| | the largest | all, squared |\n|---|---|---|")
    for name, light_of_cells, blur in [
        ("means of cells, the PSF as it is given", means, kernel),
        ("means of cells, the PSF for means", means, for_means(kernel)),
        ("with the moments of cells", with_moments(fine, means), for_means(kernel)),
        ("one point a cell, the PSF as it is given", fine[side // 2 :: side, side // 2 :: side], kernel),
    ]:
        off = ((binned(fftconvolve(light_of_cells, blur, mode="same"), GIVEN) - truth) / sigma)[4:-4, 4:-4]
        print(f"| {name} | {abs(off).max():.3g} | {(off**2).sum():.2g} |")


def compare(folder):
    import h5py

    print("| lens | theta_E | n | largest z | of | gamma | z rms | chi2/pixel | R-hat | divergences | seconds |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    pooled, ranks, seconds, r_hats = {}, [], [], []
    for out in sorted(path.parent for path in folder.glob("*/fit/summary.json") for path in [path.parent]):
        truth = json.loads((out / "truth.json").read_text())
        summary = json.loads((out / "fit/summary.json").read_text())
        z = {site: (s["mean"] - truth[site]) / s["sd"] for site, s in summary["sites"].items()}
        with h5py.File(out / "fit/posterior.nc") as file:
            ranks += [float((file["posterior"][site][()] < truth[site]).mean()) for site in z]
        for site in z:
            pooled.setdefault(site, []).append(z[site])
        worst = max(z, key=lambda site: abs(z[site]))
        gamma = summary["sites"]["lens.gamma"]
        r_hats.append(max(s["r_hat"] for s in summary["sites"].values()))
        seconds.append(summary["seconds"] if not isinstance(summary["seconds"], dict) else sum(summary["seconds"].values()))
        rms = np.sqrt(np.mean(np.square(list(z.values()))))
        print(f"| {out.name} | {truth['lens.theta_E']:.2f} | {truth['bulge.n_sersic']:.1f} | {z[worst]:+.1f} | {worst} "
              f"| {gamma['mean']:.3f} ± {gamma['sd']:.3f} ({truth['lens.gamma']:.3f}) | {rms:.2f} | {summary['chi2_per_pixel']:.3f} "
              f"| {r_hats[-1]:.3f} | {summary['divergences']} | {seconds[-1]:.0f} |")
    ranks = np.array(ranks)
    inside = lambda level: 100 * np.mean(np.abs(ranks - 0.5) < level / 200)
    every = np.concatenate(list(pooled.values()))
    print(f"\n{len(seconds)} lenses, {len(every)} parameters: inside the central 68 / 95 / 99.7 %: "
          f"{inside(68.27):.1f} / {inside(95.45):.1f} / {inside(99.73):.1f} %; z rms {np.sqrt(np.mean(every**2)):.3f}; "
          f"largest R-hat {max(r_hats):.3f}; seconds: median {np.median(seconds):.0f}, most {max(seconds):.0f}")
    print("z rms by parameter: " + ", ".join(f"{site} {np.sqrt(np.mean(np.square(v))):.2f}" for site, v in pooled.items()))


of_folder = {"make": make, "compare": compare}
if sys.argv[1] == "cells":
    cells(*sys.argv[2:])
else:
    of_folder[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:])
