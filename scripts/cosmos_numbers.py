"""Prints the numbers that the simulated galaxies take from the COSMOS catalogues at hand, and those that docs/galaxies.md says of them.

    python scripts/cosmos_numbers.py [path to shared/data]          (numpy, scipy, astropy)
"""

import sys

import numpy as np
from astropy.io import fits
from scipy.ndimage import gaussian_filter, label

ROOT = (sys.argv[1] if len(sys.argv) > 1 else "../shared/data") + "/galaxies/"
BTK = ROOT + "cosmos_hst_btk/"
CATALOGS = [
    BTK + "real_galaxy_catalog_26_extension_example",
    ROOT + "cosmos_hst_paltas/real_galaxy_catalog_23.5",
    ROOT + "cosmos_hst_slsim/real_galaxy_catalog_23.5",
]


def sersic_fits():
    """`size` and the percentiles of index and axis ratio, of the 100 fits whose images are not at hand."""
    name = BTK + "real_galaxy_catalog_23.5_example"
    magnitude, fit = fits.getdata(name + ".fits")["MAG"], fits.getdata(name + "_fits.fits")["sersicfit"]
    radius = np.log10(0.03 * fit[:, 1] * np.sqrt(fit[:, 3]))
    slope, at_23 = np.polyfit(magnitude - 23, radius, 1)
    scatter = np.std(radius - at_23 - slope * (magnitude - 23))
    print(f"log10 circularised radius: {at_23:.2f} at magnitude 23, slope {slope:.2f}, scatter {scatter:.2f}")
    print("Sersic index, 16th, 50th, 84th percentile:", np.percentile(fit[:, 2], [16, 50, 84]).round(2))
    print(f"median axis ratio: {np.median(fit[:, 3]):.2f}")


def noise_and_psf():
    rho = fits.getdata(BTK + "acs_I_unrot_sci_20_cf.fits")
    y, x = np.array(rho.shape) // 2
    rho = rho / rho[y, x]
    print("noise correlation at (1, 0), (2, 0), (1, 1), (2, 1), (2, 2):", end=" ")
    print([round(float(rho[y + j, x + i]), 3) for i, j in [(1, 0), (2, 0), (1, 1), (2, 1), (2, 2)]])
    psf = fits.getdata(BTK + "real_galaxy_PSF_images_extension.fits")
    y, x = np.indices(psf.shape)
    centre = np.unravel_index(psf.argmax(), psf.shape)
    r = np.hypot(y - centre[0], x - centre[1]).ravel()
    order = np.argsort(r)
    light = np.cumsum(psf.ravel()[order]) / psf.sum()
    width = 2 * np.sqrt((psf > psf.max() / 2).sum() / np.pi)
    radii = [round(float(r[order][np.searchsorted(light, p)]), 2) for p in (0.5, 0.8)]
    print(f"PSF: FWHM {width:.1f} pixels, radii of 50 % and 80 % of the light {radii}")


def stamps():
    """The side of a stamp against the extent of what is detected in it, and stamps to beware of."""
    sides, extents, seen = [], [], {}
    for name in CATALOGS:
        for row in fits.getdata(name + ".fits"):
            path = name.rsplit("/", 1)[0] + "/" + row["GAL_FILENAME"].strip()
            image, sigma = fits.getdata(path, int(row["GAL_HDU"])).astype(float), np.sqrt(row["NOISE_VARIANCE"])
            same = seen.setdefault((path, int(row["GAL_HDU"])), row["IDENT"])
            if same != row["IDENT"]:
                print(f"galaxies {same} and {row['IDENT']} name the same stamp")
            border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
            if sigma > 2 * border.std():
                print(f"galaxy {row['IDENT']}: sigma of the catalogue {sigma:.4f}, of the border {border.std():.4f}")
            # Correlated noise of unit variance has 0.38 of it left after this smoothing: twice that.
            smooth = gaussian_filter(image, 1.5)
            labels, _ = label(smooth > 0.75 * sigma)
            y, x = np.indices(image.shape)
            near = np.hypot(y - (len(image) - 1) / 2, x - (image.shape[1] - 1) / 2) < max(5, len(image) / 6)
            galaxy = labels.flat[np.where(near, smooth, -1).argmax()]
            if galaxy:
                where = np.where(labels == galaxy)
                extent = max(np.ptp(where[0]), np.ptp(where[1])) + 1
                if extent < 0.95 * min(image.shape):
                    sides.append(min(image.shape))
                    extents.append(extent)
    x, y = np.log10(extents), np.log10(sides)
    slope, start = np.polyfit(x, y, 1)
    scatter = np.std(y - start - slope * x)
    print(f"log10 side = {start:.2f} + {slope:.3f} log10 extent, scatter {scatter:.2f}, {len(x)} stamps")


sersic_fits()
noise_and_psf()
stamps()
