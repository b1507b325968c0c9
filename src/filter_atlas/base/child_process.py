"""Starting other processes, isolated from the folder of the run and the user's settings of Keras.

Python would import modules from the folder in which it starts, before its own ones: a `keras.py`
in a folder from a stranger would run, even in a dry run. Settings of Keras or TensorFlow in the
home or environment of a user would change results, although they are no settings of the run. And a
warm worker serves several runs, so it must not depend on the environment of the first one.

Standard library only, and little of it, because the client of every filter's job imports this.
"""

import os
import sys
from collections.abc import Mapping, MutableMapping

from filter_atlas.base.paths import CACHE

USER_KERAS_HOME = "FILTER_ATLAS_KERAS_HOME"
"""Environment variable with the folder in which Keras keeps the user's downloads and settings."""

_CHANGING_RESULTS = (
    "KERAS_MAX_EPOCHS",
    "KERAS_MAX_STEPS_PER_EPOCH",
    "KERAS_NNX_ENABLED",
    # Other instructions, or other number formats, for the same operations.
    "DNNL_DEFAULT_FPMATH_MODE",
    "DNNL_MAX_CPU_ISA",
    "NVIDIA_TF32_OVERRIDE",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "ONEDNN_MAX_CPU_ISA",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_SET_ONEDNN_FPMATH_MODE",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)
"""Environment variables that could change results, although they are no settings of a run."""


def python(*arguments: str) -> list[str]:
    """The command of a Python process that imports nothing from the current folder."""
    return [sys.executable, "-P", *arguments]


def environment(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of another process: these variables after `isolate`."""
    isolated = dict(variables)
    isolate(isolated)
    return isolated


def isolate(variables: MutableMapping[str, str]) -> None:
    """Change environment variables so that only a run's settings decide about its results.

    Python and everything that it starts import nothing from the current folder, but they do import
    from the folders in the user's PYTHONPATH (modules of clusters set it). Keras has its usual
    settings, and a home in the cache, with the user's downloads (`share_keras_downloads`).
    """
    for name in _CHANGING_RESULTS:
        variables.pop(name, None)
    own = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    # An empty entry, which is easily made by mistake, means the current folder.
    users = filter(None, variables.get("PYTHONPATH", "").split(os.pathsep))
    variables["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([own, *users]))
    variables["PYTHONSAFEPATH"] = "1"
    variables.setdefault(USER_KERAS_HOME, _keras_home(variables))
    variables["KERAS_HOME"] = os.path.join(os.path.abspath(CACHE), "keras")
    variables["KERAS_BACKEND"] = "tensorflow"


def user_keras_home() -> str:
    """The folder in which Keras keeps the user's downloads and settings."""
    return os.environ.get(USER_KERAS_HOME) or _keras_home(os.environ)


def share_keras_downloads() -> None:
    """Let Keras use the weights that it has downloaded for the user, and keep new ones there.

    Nothing changes outside a run, where Keras has the user's own home.
    """
    home, users = os.environ.get("KERAS_HOME"), os.environ.get(USER_KERAS_HOME)
    if not home or not users or home == users:
        return
    link, models = os.path.join(home, "models"), os.path.join(users, "models")
    if os.path.islink(link):
        os.unlink(link)
    if os.path.isdir(models) and not os.path.exists(link):
        os.makedirs(home, exist_ok=True)
        os.symlink(models, link)


def _keras_home(variables: MutableMapping[str, str]) -> str:
    return os.path.abspath(os.path.expanduser(variables.get("KERAS_HOME", "~/.keras")))
