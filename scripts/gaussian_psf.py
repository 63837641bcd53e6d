"""What the ways of blurring by a Gaussian PSF on whole pixels get wrong, in units of the noise: a table of docs/images.md.

needs: pip install lenstronomy
usage: gaussian_psf.py
"""

import numpy as np

SIZE, PIXEL, FINE = 70, 0.08, 21
RMS, EXPOSURE = 0.015, 1500.0


def light():
    """A power law in shear before a disc, and a bulge of n = 3.2: brightness per pixel on FINE x FINE sub-pixels."""
    from lenstronomy.LensModel.lens_model import LensModel
    from lenstronomy.LightModel.light_model import LightModel

    at = (np.arange(SIZE * FINE) - (SIZE * FINE - 1) / 2) * PIXEL / FINE
    x, y = (grid.ravel() for grid in np.meshgrid(at, at))
    epl = dict(theta_E=1.1, gamma=2.0, e1=0.07, e2=-0.03, center_x=0.03, center_y=-0.02)
    beta = LensModel(["EPL", "SHEAR"]).ray_shooting(x, y, [epl, dict(gamma1=0.02, gamma2=0.03)])
    sersic = LightModel(["SERSIC_ELLIPSE"])
    disc = dict(amp=60, R_sersic=0.15, n_sersic=1.2, e1=0.1, e2=0.2, center_x=0.05, center_y=0.07)
    bulge = dict(amp=20, R_sersic=0.7, n_sersic=3.2, e1=0.05, e2=-0.02, center_x=0.03, center_y=-0.02)
    both = sersic.surface_brightness(*beta, [disc]) + sersic.surface_brightness(x, y, [bulge])
    return (both * PIXEL**2).reshape(SIZE * FINE, SIZE * FINE)


def separable(image, taps):
    from scipy.ndimage import convolve1d

    return convolve1d(convolve1d(image, taps, axis=0, mode="constant"), taps, axis=1, mode="constant")


def main():
    from scipy.special import erf

    fine = light()
    binned = lambda image: image.reshape(SIZE, FINE, SIZE, FINE).mean(axis=(1, 3))
    means = binned(fine)
    print("| width, pixels | the PSF integrated over pixels: largest, all squared | for means |\n|---|---|---|")
    for width in (1.0, 1.5, 2.0, 3.0):
        sigma = width / 2.35482
        k = np.arange(-int(5 * sigma * FINE), int(5 * sigma * FINE) + 1) / FINE
        true = binned(separable(fine, np.exp(-0.5 * (k / sigma) ** 2) / np.exp(-0.5 * (k / sigma) ** 2).sum()))
        noise = np.sqrt(RMS**2 + true / EXPOSURE)
        beyond = lambda edge: erf(edge / sigma / np.sqrt(2))
        cells = np.arange(-6, 7)
        whole = beyond(cells + 0.5) - beyond(cells - 0.5)
        # Psf::of_means
        sharp = np.convolve(np.pad(whole, 1, mode="edge"), [-1 / 24, 26 / 24, -1 / 24], "valid")
        row = []
        for taps in (whole, sharp):
            off = ((separable(means, taps / taps.sum()) - true) / noise)[4:-4, 4:-4]
            row.append(f"{abs(off).max():.2g}, {(off**2).sum():.3g}")
        print(f"| {width} | {' | '.join(row)} |")


if __name__ == "__main__":
    main()
