"""Writes vae-source/tests/data/tiny_catalog: a synthetic catalogue in the form of GalSim's COSMOS catalogues (own making, no survey data).

    python scripts/golden/catalog_fixture.py          (numpy, astropy 7; from the root of the repository)

catalog.fits        binary table, one row a galaxy, in the order below; two image files, so that a reader must change files
catalog_fits.fits   companion with sersicfit[8], fit_status[5], viable_sersic, flux_radius, zphot; its rows in another order
images.fits         galaxies: HDU 0 holds 801, HDU 1 holds 802, .., HDU 5 holds 806; 801 as f32, the rest as int16 with BSCALE
more.fits           int16 too: HDU 1 (the primary holds nothing) holds 807, HDU 2 holds 808
psf.fits            one 9 x 9 Gaussian PSF of sum 1, FWHM 3 px; used by every row (PSF_HDU 0)
noise_cf.fits       correlation function of the noise, 5 x 5, 0.4^(dx^2 + dy^2) times the variance

Each is a blob (an elliptical Gaussian) of the given peak over white noise of sigma 0.002; 0.03 arcsec a pixel.
The signal below is max(I_1/4) / sigma_noise of the prepared 64 x 64 image; the paper's cuts keep 15 < signal < 50.

IDENT  size      signal  what the paper's cuts do with it
801    64 x 64   29      kept
802    80 x 72   25      kept: not square, cropped to 72 x 72, scaled down
803    70 x 70   24      dropped: its Sersic fit failed (fit_status[4] = 0, viable_sersic = 0)
804    66 x 66   24      dropped: unphysical Sersic fit (axis ratio 0)
805    48 x 64   25      dropped: too small
806    64 x 64    4      dropped: too faint
807    65 x 64   35      kept: HDU 1 of another file, int16
808    64 x 64  191      dropped: too bright; int16
"""

import os

import numpy as np
from astropy.io import fits

FOLDER = "vae-source/tests/data/tiny_catalog"
SIGMA = 0.002
SCALE = 0.03

# ident, width, height, peak / SIGMA (near the signal), sigma in pixels along x and y
GALAXIES = [
    (801, 64, 64, 31.0, 9.0, 6.0),
    (802, 80, 72, 26.0, 8.0, 11.0),
    (803, 70, 70, 26.0, 7.0, 7.0),
    (804, 66, 66, 26.0, 7.0, 9.0),
    (805, 48, 64, 26.0, 6.0, 8.0),
    (806, 64, 64, 4.0, 8.0, 8.0),
    (807, 65, 64, 36.0, 10.0, 7.0),
    (808, 64, 64, 210.0, 6.0, 6.0),
]
FAILED, UNPHYSICAL = 803, 804
FLOATS = (801,)


def blob(rng, width, height, peak, sx, sy):
    y, x = np.mgrid[:height, :width]
    dx, dy = x - (width - 1) / 2 - 0.7, y - (height - 1) / 2 + 0.4
    noise = SIGMA * rng.standard_normal((height, width))
    return peak * SIGMA * np.exp(-0.5 * (dx**2 / sx**2 + dy**2 / sy**2)) + noise


def stored(ident, primary=False):
    """The image as an HDU: 32-bit floats, or BITPIX 16 with BSCALE a tenth of the noise."""
    kind = fits.PrimaryHDU if primary else fits.ImageHDU
    if ident in FLOATS:
        return kind(images[ident].astype("f4"))
    hdu = kind(images[ident].copy())
    hdu.scale("int16", bscale=SIGMA / 10, bzero=0.05)
    return hdu


def table(columns):
    return fits.BinTableHDU.from_columns([fits.Column(n, f, array=np.array(a)) for n, f, a in columns])


def write(name, hdus):
    fits.HDUList(hdus).writeto(f"{FOLDER}/{name}", overwrite=True)


rng = np.random.default_rng(64)
os.makedirs(FOLDER, exist_ok=True)
images = {row[0]: blob(rng, *row[1:]) for row in GALAXIES}
first, second = [i for i in images if i < 807], [i for i in images if i >= 807]
write("images.fits", [stored(i, primary=i == first[0]) for i in first])
write("more.fits", [fits.PrimaryHDU()] + [stored(i) for i in second])

y, x = np.mgrid[-4:5, -4:5]
psf = np.exp(-4 * np.log(2) * (x**2 + y**2) / 3.0**2)
write("psf.fits", [fits.PrimaryHDU((psf / psf.sum()).astype("f4"))])
y, x = np.mgrid[-2:3, -2:3]
write("noise_cf.fits", [fits.PrimaryHDU(SIGMA**2 * 0.4 ** (x**2 + y**2).astype(float))])

idents = list(images)
n = len(idents)
flux = [images[i].sum() for i in idents]
write(
    "catalog.fits",
    [
        fits.PrimaryHDU(),
        table(
            [
                ("IDENT", "J", idents),
                ("RA", "D", 150.0 + 0.01 * np.arange(n)),
                ("DEC", "D", 2.0 - 0.01 * np.arange(n)),
                ("MAG", "D", 25.94 - 2.5 * np.log10(flux)),
                ("BAND", "5A", ["F814W"] * n),
                ("WEIGHT", "D", np.ones(n)),
                ("GAL_FILENAME", "32A", ["images.fits" if i in first else "more.fits" for i in idents]),
                ("PSF_FILENAME", "36A", ["psf.fits"] * n),
                ("GAL_HDU", "J", [first.index(i) if i in first else 1 + second.index(i) for i in idents]),
                ("PSF_HDU", "J", np.zeros(n, int)),
                ("PIXEL_SCALE", "D", np.full(n, SCALE)),
                ("NOISE_MEAN", "D", np.zeros(n)),
                ("NOISE_VARIANCE", "D", np.full(n, SIGMA**2)),
                ("NOISE_FILENAME", "26A", ["noise_cf.fits"] * n),
                ("stamp_flux", "D", flux),
            ]
        ),
    ],
)

fit, status = [], []
for ident, width, height, peak, sx, sy in GALAXIES:
    q = 0.0 if ident == UNPHYSICAL else min(sx, sy) / max(sx, sy)
    # I(R_half), R_half in pixels along the major axis, n, q, unused, x, y, position angle
    fit.append([peak * SIGMA / 2, 1.177 * max(sx, sy), 0.5, q, 0.0, width / 2, height / 2, 0.0 if sx > sy else np.pi / 2])
    status.append([1, 1, 1, 1, 0 if ident == FAILED else 1])
order = [5, 2, 7, 0, 4, 1, 6, 3]
shuffled = lambda a: np.array(a)[order]
write(
    "catalog_fits.fits",
    [
        fits.PrimaryHDU(),
        table(
            [
                ("IDENT", "J", shuffled(idents)),
                ("mag_auto", "D", shuffled(25.94 - 2.5 * np.log10(flux))),
                ("flux_radius", "D", shuffled(fit)[:, 1]),
                ("zphot", "D", shuffled(np.linspace(0.2, 1.1, n))),
                ("sersicfit", "8D", shuffled(fit)),
                ("fit_status", "5J", shuffled(status)),
                ("viable_sersic", "J", shuffled([int(i != FAILED) for i in idents])),
            ]
        ),
    ],
)
