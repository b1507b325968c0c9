"""Filter Atlas: draw every filter of a convolutional network.

The import of this package is cheap on purpose, because the client of every filter's job imports it.
Only modules that compute import TensorFlow.
"""

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import `draw`, `exemplars` and `view` on their first use."""
    if name in ("draw", "exemplars", "view"):
        from importlib import import_module

        return getattr(import_module("filter_atlas.notebook"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
