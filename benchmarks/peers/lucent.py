"""Draw filters with Lucent's `render_vis`, with its defaults.

Fourier picture with decorrelated colours, Adam(0.05), the standard transforms (pad 12, jitter 8,
scale, rotate, jitter 4), and the enlargement of smaller pictures to 224×224 for the network. Its
normalisation for torchvision's models is off, because these weights were trained on grey levels.
It imports only the name of this normalisation from torchvision, so a replacement is enough if
torchvision is missing or was built for another version of torch.
"""

from importlib.metadata import version as version_of

import job

# isort: split
import spare_torchvision
import torch

spare_torchvision.install_if_needed()
from lucent.optvis import objectives, param, render  # noqa: E402


def drawer(task: job.Job, layer: str) -> job.Draw:
    """Lucent's rendering for one layer."""
    module = job.torch_module(task, layer).to(_device())
    relu = layer.replace("conv", "relu")

    def draw(index: int, steps: int) -> job.Drawing:
        (pictures,) = render.render_vis(
            module,
            objectives.channel(relu, index),
            lambda: param.image(task.size),
            thresholds=(steps,),
            preprocess=False,
            progress=False,
            show_image=False,
        )
        return job.Drawing(255 * pictures[0][..., ::-1], job.to_bytes(pictures[0]))

    return draw


def _device() -> torch.device:
    # Lucent's own rule, which its transforms follow.
    return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


if __name__ == "__main__":
    version = f"torch-lucent {version_of('torch-lucent')}, torch {torch.__version__}"
    job.run(version, job.seed_torch, drawer)
