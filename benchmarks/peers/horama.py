"""Draw filters with Horama's `fourier` (spectrum decay 1.5): see horama_canvas."""

from functools import partial
from importlib.metadata import version as version_of

import job

# isort: split
import horama_canvas
import torch
from horama import fourier

if __name__ == "__main__":
    version = f"horama {version_of('horama')} fourier, torch {torch.__version__}"
    job.run(version, job.seed_torch, partial(horama_canvas.drawer, fourier))
