"""Filter Atlas: draw every filter of a convolutional network.

Importing this package is cheap on purpose: TensorFlow is imported only by the modules
that compute (`network`, `objective`, `ascent` and the worker's server).
"""

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`draw`, found when it is asked for: every job's client imports this package."""
    if name == "draw":
        from importlib import import_module

        return import_module("filter_atlas.notebook").draw
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
