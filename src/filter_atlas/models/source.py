"""Where a network other than VGG16 comes from, as one frozen value (no TensorFlow)."""

import difflib
import hashlib
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import util
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from filter_atlas import digests
from filter_atlas.errors import ModelError
from filter_atlas.feed import FEEDS, Feed, FeedSetting
from filter_atlas.models.applications import APPLICATIONS
from filter_atlas.refusal import short
from filter_atlas.weights.fingerprint import RANDOM, file_hash

VGG16 = "vgg16"
"""What `network` calls the network that needs nothing of this."""

ORIGINS = ("keras", "wheel", RANDOM)
"""What the setting `weights` may say of other networks; only the last makes a difference."""

EXAMPLES = ("resnet50", "mobilenet_v2", "inception_v3", "efficientnet_b0")

Kind = Literal["application", "file", "function"]

_PUT = "put it in this folder, or its own folder on PYTHONPATH"

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class Source(BaseModel):
    """Where a network and its weights come from.

    Attributes:
        kind: a network of Keras Applications, a file of a whole model, or a function that makes
            a model.
        name: the application's name, the file's path, or `module:function`.
        weights: `keras` (published), `random`, or `own`, those that file or function give.
        feed: what the network is fed.
        channels: where a network of more than three channels gets red, green and blue; None for
            networks of three or one.
        content: sha256 of what makes the network: file, source code, or version of Keras.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    name: str
    weights: Literal["keras", "random", "own"]
    feed: FeedSetting = FEEDS["raw"]
    channels: tuple[int, int, int] | None = None
    content: str = ""

    @property
    def title(self) -> str:
        """What people call the network."""
        if self.kind == "application":
            return APPLICATIONS[self.name].constructor
        return Path(self.name).name if self.kind == "file" else self.name

    def check_channels(self, count: int) -> None:
        """Refuse a network that cannot be fed as the settings say.

        Args:
            count: how many channels its pictures have.

        Raises:
            ModelError: it needs another `feed`, or other `channels`.
        """
        if count == 1 and not self.feed.suits_grey:
            raise ModelError(
                f"{self.title}: takes pictures of one channel, and `feed: {self.feed}` has other "
                "numbers for each of three; give raw, unit, tf, or a mean and a deviation"
            )
        if count in (1, 3) and self.channels:
            raise ModelError(
                f"{self.title}: takes pictures of {count} channel{'s' if count > 1 else ''}, which "
                "are shown as they are; leave `channels` empty"
            )
        if count not in (1, 3) and (self.channels is None or max(self.channels) >= count):
            raise ModelError(
                f"{self.title}: takes pictures of {count} channels; say in `channels` which three "
                f"are shown, such as [0, {min(1, count - 1)}, {min(2, count - 1)}], each from 0 to "
                f"{count - 1}"
            )

    @property
    def fingerprint(self) -> str:
        """Tells networks and weights apart; also the name of the canonical file."""
        stem = Path(self.name).stem if self.kind == "file" else self.name
        readable = re.sub(r"[^A-Za-z0-9_]+", "_", stem)
        what = self.model_dump(mode="json", exclude={"name"} if self.kind == "file" else set())
        return f"{readable}-{digests.of_value(what)[:12]}"


def of(
    network: str,
    weights: Sequence[str],
    feed: Feed | None,
    channels: tuple[int, int, int] | None,
    run_code: bool,
) -> Source:
    """The source that the settings mean.

    Args:
        network: name of an application, path of a file, or `module:function`.
        weights: the setting `weights`; of its origins those count that the network has.
        feed: what the network is fed, if that is set.
        channels: which channels are red, green and blue, if that is set.
        run_code: whether code of the user's own may run.

    Raises:
        ModelError: there is no such network, or it needs code that may not run.
    """
    if own := [origin for origin in weights if origin not in ORIGINS]:
        raise ModelError(
            f"{network}: weights of your own, {short(own[0])}, are for {VGG16}; save the whole "
            "model with them, and give its file as `network`"
        )
    if network in APPLICATIONS:
        kind, usual = "application", APPLICATIONS[network].feed
        origin = "random" if tuple(weights) == (RANDOM,) else "keras"
        content = version("keras")
    elif path := _file(network):
        kind, usual, content = "file", "raw", _hash(path)
        origin = "random" if tuple(weights) == (RANDOM,) else "own"
    elif _FUNCTION.fullmatch(network):
        kind, usual, content = "function", "raw", _source_hash(network, run_code)
        origin = "random" if tuple(weights) == (RANDOM,) else "own"
    else:
        alike = [name for name in APPLICATIONS if _letters(name) == _letters(network)]
        close = alike or difflib.get_close_matches(network, [VGG16, *APPLICATIONS], n=1)
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise ModelError(
            f"{short(network)}: no such network: {hint}allowed are {VGG16}, names of Keras "
            f"Applications such as {', '.join(EXAMPLES)}, the path of a .keras or .h5 file, or "
            "module:function"
        )
    return Source.model_validate(
        {
            "kind": kind,
            "name": network,
            "weights": origin,
            "feed": feed or FEEDS[usual],
            "channels": channels,
            "content": content,
        }
    )


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _file(network: str) -> Path | None:
    # RuntimeError: a user who is not known here; ValueError: what no system takes for a path.
    with suppress(RuntimeError, ValueError, OSError):
        path = Path(network).expanduser()
        return path if path.is_file() else None
    return None


def _hash(path: Path) -> str:
    try:
        return file_hash(path)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; give a file that can be read") from error


def _source_hash(function: str, run_code: bool) -> str:
    if not run_code:
        raise ModelError(
            f"{function}: making this network runs code of yours; set `run_code: true` if you "
            "trust it"
        )
    module = function.partition(":")[0]
    try:
        found = _here(module) or util.find_spec(module)
    except (ImportError, ValueError) as error:
        raise ModelError(f"{function}: {error}; {_PUT}") from error
    if found is None or not found.origin or not Path(found.origin).is_file():
        raise ModelError(f"{function}: no module {module}; {_PUT}")
    return hashlib.sha256(Path(found.origin).read_bytes()).hexdigest()


def _here(module: str) -> ModuleSpec | None:
    """Where a module lies, looked for in this folder first, as `build` does; nothing is run."""
    found, name, places = None, "", ["", *sys.path]
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        found = PathFinder.find_spec(name, places)
        if not found:
            return None
        places = list(found.submodule_search_locations or [])
    return found
