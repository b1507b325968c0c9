"""The identity of a model that a user's function returns: digests of all that its pictures show."""

import json
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

from filter_atlas.base import digests, imports


def model_digest(model: Any) -> str:
    """sha256 of a model's configuration and weights.

    Equal models have equal digests in every process and in every folder. Settings of training do
    not count.

    Args:
        model: a Keras model, as `keras_build.build` returns it.
    """
    return digests.value_digest(
        {
            "configuration": _configuration(model),
            "variables": [variable.path for variable in model.weights],
            "weights": digests.weights_digest(variable.numpy() for variable in model.weights),
        }
    )


def code_digest(model: Any) -> str:
    """sha256 of the user's code that a model runs; "" if Keras's own code is all that it runs.

    The configuration of a user's own layer or activation only names it. So all of the user's
    modules in this process count for such a model, including those that others import.

    Args:
        model: a Keras model whose function has run in this process.
    """
    configuration = _configuration(model)
    is_stated = configuration is not None and not _runs_own_code(configuration)
    if is_stated and not _has_own_functions(model):
        return ""
    return digests.value_digest({name: digests.file_digest(path) for name, path in _own_modules()})


def _configuration(model: Any) -> Any:
    """A model's configuration as JSON values; None if a layer has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns that a lambda cannot be loaded from a file.
        try:
            return _without_noise(json.loads(model.to_json()))
        # Own layers may raise anything. Then the model is identified by its code and its weights.
        except Exception:
            return None


def _without_noise(value: Any) -> Any:
    """A configuration without the settings of training and without compiled code.

    Compiled code contains the path of its source file.
    """
    if isinstance(value, dict):
        if value.get("class_name") == "__lambda__":
            return {"class_name": "__lambda__"}
        return {
            name: _without_noise(inner) for name, inner in value.items() if name != "compile_config"
        }
    return list(map(_without_noise, value)) if isinstance(value, list) else value


def _runs_own_code(value: Any) -> bool:
    """Whether a configuration names a layer or a function that is not Keras's."""
    if isinstance(value, list):
        return any(map(_runs_own_code, value))
    if not isinstance(value, dict):
        return False
    if value.get("class_name") in ("__lambda__", "function"):
        return True
    module = value.get("module", "keras")
    is_own = isinstance(module, str) and module.partition(".")[0] != "keras"
    return is_own or any(map(_runs_own_code, value.values()))


def _has_own_functions(model: Any) -> bool:
    """Whether a layer of Keras holds a function that is not Keras's.

    The configuration of a user's own activation named `relu` is that of Keras's.
    """
    return any(
        isinstance(value, FunctionType) and value.__module__.partition(".")[0] != "keras"
        for layer in model._flatten_layers()
        for value in vars(layer).values()
    )


def _own_modules() -> Iterator[tuple[str, Path]]:
    """Name and file of every loaded module that is not Python's, installed, or Filter Atlas's."""
    library = [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")]
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or name == "__main__":
            continue
        path = Path(file)
        is_installed = {"site-packages", "dist-packages"} & set(path.parts)
        if not is_installed and not any(
            path.is_relative_to(folder) for folder in (*library, imports.PACKAGE)
        ):
            yield name, path
