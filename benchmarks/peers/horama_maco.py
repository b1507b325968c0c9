"""Draw filters with Horama's `maco`, magnitude-constrained optimisation: see horama_canvas.

The library downloads its spectrum of ImageNet's photographs into the working folder. To avoid the
download, this script uses the file of the same name in Xplique's wheel, by the same authors.
"""

from functools import partial
from importlib.metadata import distribution
from importlib.metadata import version as version_of

import job

# isort: split
import horama_canvas
import torch
from horama import maco, maco_fv

if __name__ == "__main__":
    spectrum = "xplique/features_visualizations/spectrum_decorrelated.npy"
    maco_fv.MACO_SPECTRUM_FILENAME = str(distribution("xplique").locate_file(spectrum))
    version = f"horama {version_of('horama')} maco, torch {torch.__version__}"
    job.run(version, job.seed_torch, partial(horama_canvas.drawer, maco))
