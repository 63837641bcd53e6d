"""Writes vae-source/tests/data/galaxies.json: what the preparation of section 2.2 makes of 112 real COSMOS galaxies.

    python scripts/golden/galaxies.py [path to shared/data] > vae-source/tests/data/galaxies.json          (numpy, astropy)

Own implementation, other than that of the library: images are brought to 64 x 64 pixels through their integral image (cumulative
sums, interpolated linearly at the new edges, differenced), and the noise through the full covariance matrix along each axis.
One row a galaxy: ident; its verdict with the paper's cuts and with the loose ones; and unless it is too small, the signal,
sigma of a prepared pixel, pixel scale, the sums of its pixels, of their squares and of pixel i times sin(i + 1), the place of the
maximum, and eight pixels.
"""

import json
import sys

import numpy as np
from astropy.io import fits

ROOT = (sys.argv[1] if len(sys.argv) > 1 else "../shared/data") + "/galaxies"
CATALOGS = [
    "cosmos_hst_btk/real_galaxy_catalog_26_extension_example.fits",
    "cosmos_hst_paltas/real_galaxy_catalog_23.5.fits",
    "cosmos_hst_slsim/real_galaxy_catalog_23.5.fits",
]
SIDE = 64
CUTS = {"paper": {"min_side": 64, "signal": [15.0, 50.0]}, "loose": {"min_side": 16, "signal": [1.0, 1000.0]}}
PIXELS = [0, 63, 777, 1500, 2015, 2080, 3333, 4095]


def averaging(n, side):
    """The matrix that averages n values over side boxes: differences of the cumulative sum at the edges of the boxes."""
    edges = np.linspace(0.0, n, side + 1)
    steps = np.vstack([np.zeros(n), np.tril(np.ones((n, n)))])
    cumulative = np.array([np.interp(edges, np.arange(n + 1), column) for column in steps.T]).T
    return np.diff(cumulative, axis=0) * side / n


def integral_image_downscale(a, side):
    n = len(a)
    total = np.zeros((n + 1, n + 1))
    total[1:, 1:] = a.cumsum(0).cumsum(1)
    edges = np.linspace(0.0, n, side + 1)
    at = np.array([np.interp(edges, np.arange(n + 1), row) for row in total])
    at = np.array([np.interp(edges, np.arange(n + 1), column) for column in at.T]).T
    return np.diff(np.diff(at, axis=0), axis=1) * (side / n) ** 2


def noise_ratio(n, side, rho):
    """sqrt of the mean over pixels of w C w', C the covariance of the pixels of the stamp."""
    w = averaging(n, side)
    half = rho.shape[0] // 2
    separation = np.arange(n)[None, :] - np.arange(n)[:, None]
    variance = 0.0
    for dy in range(-half, half + 1):
        # Along y only pairs dy apart; along x the covariance of the row of rho at dy.
        along_y = np.mean(np.einsum("ip,iq,pq->i", w, w, (separation == dy).astype(float), optimize=True))
        if along_y == 0.0:
            continue
        row = np.where(abs(separation) <= half, rho[dy + half, np.clip(separation, -half, half) + half], 0.0)
        variance += along_y * np.mean(np.einsum("ip,iq,pq->i", w, w, row, optimize=True))
    return np.sqrt(variance)


def sersic(catalog):
    """IDENT -> good, failed or unphysical; nothing where the catalogue has no fits."""
    table = fits.getdata(catalog.replace(".fits", "_fits.fits"), 1)
    if "sersicfit" not in table.names:
        return {}
    out = {}
    for row in table:
        intensity, radius, n, q = row["sersicfit"][:4]
        if not 1 <= row["fit_status"][4] <= 4:
            out[row["IDENT"]] = "fit_failed"
        elif not (row["viable_sersic"] and intensity > 0 and radius > 0 and n > 0 and 0.051 <= q <= 1):
            out[row["IDENT"]] = "fit_unphysical"
        elif n >= 5 and 0.03 * radius * np.sqrt(q) >= 1:
            out[row["IDENT"]] = "fit_unphysical"
        else:
            out[row["IDENT"]] = "good"
    return out


def verdict(fit, image, signal, cuts):
    if fit != "good":
        return fit
    if not np.isfinite(image).all():
        return "not_finite"
    if min(image.shape) < cuts["min_side"]:
        return "small"
    if not signal > cuts["signal"][0]:
        return "faint"
    return "bright" if signal >= cuts["signal"][1] else "kept"


def short(x):
    return float(f"{x:.9g}")


def galaxy(row, folder, fit, rho):
    image = fits.getdata(f"{folder}/{row['GAL_FILENAME'].strip()}", int(row["GAL_HDU"])).astype("f8")
    side = min(image.shape)
    y0, x0 = (length // 2 - side // 2 for length in image.shape)  # the centre is pixel n // 2, as in GalSim
    small = integral_image_downscale(image[y0 : y0 + side, x0 : x0 + side], SIDE)
    sigma = np.sqrt(row["NOISE_VARIANCE"])
    signal = small.reshape(SIDE // 4, 4, SIDE // 4, 4).mean(axis=(1, 3)).max() / sigma
    verdicts = {name: verdict(fit, image, signal, cuts) for name, cuts in CUTS.items()}
    out = {"ident": int(row["IDENT"]), "size": image.shape[::-1], **verdicts}
    if "kept" in verdicts.values():
        p = small.ravel() / small.max()
        out["signal"] = short(signal)
        out["sigma"] = short(sigma * noise_ratio(side, SIDE, rho) / small.max())
        out["pixel_scale"] = short(row["PIXEL_SCALE"] * side / SIDE)
        out["sums"] = [short(s) for s in (p.sum(), (p**2).sum(), (p * np.sin(1.0 + np.arange(p.size))).sum())]
        out["peak"] = int(p.argmax())
        out["pixels"] = [round(float(p[i]), 8) for i in PIXELS]
    return out


def catalog(path):
    folder = f"{ROOT}/{path.rsplit('/', 1)[0]}"
    fit = sersic(f"{ROOT}/{path}")
    rows = fits.getdata(f"{ROOT}/{path}", 1)
    try:
        rho = fits.getdata(f"{folder}/{rows[0]['NOISE_FILENAME'].strip()}").astype("f8")
        rho /= rho[rho.shape[0] // 2, rho.shape[1] // 2]
    except FileNotFoundError:
        # That file comes with GalSim; without it the noise is that of a moving average.
        taps = np.correlate([1.0, 0.63, 0.071], [1.0, 0.63, 0.071], "full")
        rho = np.outer(taps, taps) / taps.max() ** 2
    lines = [json.dumps(galaxy(row, folder, fit.get(row["IDENT"], "good"), rho)) for row in rows]
    return f'{{"catalog": "{path}", "galaxies": [\n' + ",\n".join(lines) + "\n]}"


print('{"made_by": "scripts/golden/galaxies.py", "cuts": %s, "places": %s, "catalogs": [' % (json.dumps(CUTS), PIXELS))
print(",\n".join(catalog(path) for path in CATALOGS))
print("]}")
