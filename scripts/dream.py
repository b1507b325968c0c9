"""Dream a photograph: from its settings to a picture, its record, and an animation if asked for.

python scripts/dream.py SETTINGS --weights results/weights/vgg16.h5 \
    --picture dream.png --record dream.json [--animation dream.webp] [--device gpu:0]

The settings, JSON or the path of a JSON file, are those of `filter_atlas.dream.settings.Dream`: at
the least
{"photo": "sample", "layers": [{"layer": "block4_conv2"}]}
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from filter_atlas import compute, networks, picture
from filter_atlas.architecture import Architecture
from filter_atlas.dream import photograph, settings, zoom
from filter_atlas.dream.ascent import Dreamer
from filter_atlas.dream.photograph import Photograph
from filter_atlas.dream.record import DreamRecord, Source
from filter_atlas.dream.settings import Dream
from filter_atlas.errors import ConfigError
from filter_atlas.files import write_atomically
from filter_atlas.models import stored
from filter_atlas.record import versions
from filter_atlas.rule import one_line_errors


def main(arguments: argparse.Namespace) -> None:
    """Dream, and write what came of it."""
    dream = _settings(arguments.settings, stored.architecture(arguments.weights))
    if dream.zoom and not arguments.animation:
        raise ConfigError("zoom: say where to write it: add --animation")
    if arguments.animation and not dream.zoom:
        raise ConfigError("--animation: the settings have no zoom: add one")
    say = partial(print, file=sys.stderr)
    photo = photograph.read(Path(settings.path_of(dream.photo)), dream.longest_side, say)
    guide = None
    if dream.guide:
        guide = photograph.read(Path(settings.path_of(dream.guide)), settings.GUIDE_SIDE, say)
    if dream.zoom:
        zoom.check(dream.zoom, photo.pixels.shape)
    device = compute.select(arguments.device)
    network, weights_digest = networks.load(arguments.weights)
    dreamer = Dreamer(dream, network, guide.pixels if guide else None)

    dreamt = dreamer.dream(photo.pixels)

    record = DreamRecord(
        photo=Source.of(photo),
        guide=Source.of(guide) if guide else None,
        dream=dream.method,
        seed=dream.seed,
        loss=dreamt.loss,
        weights_digest=weights_digest,
        device=device,
        versions=versions(),
    )
    text = _text(dream, photo, guide, weights_digest)
    write_atomically(arguments.picture, picture.to_png(dreamt.pixels, text))
    write_atomically(arguments.record, record.to_json())
    if dream.zoom:
        steps = dream.zoom.steps

        def again(frame: np.ndarray, number: int) -> np.ndarray:
            return dreamer.dream(frame, steps, number).pixels

        flight = list(zoom.frames(dreamt.pixels, dream.zoom, again))
        write_atomically(arguments.animation, zoom.animation(flight, dream.zoom))


def _device(given: str) -> str:
    if not re.fullmatch(r"cpu|gpu:\d+", given):
        raise argparse.ArgumentTypeError("allowed are cpu and gpu:0, gpu:1, …")
    return given


def _settings(given: str, architecture: Architecture) -> Dream:
    if given.lstrip().startswith("{"):
        return settings.parse(given, "settings", architecture)
    return settings.read(Path(given), architecture)


def _text(
    dream: Dream, photo: Photograph, guide: Photograph | None, weights_digest: str
) -> Mapping[str, str]:
    """What the picture says about itself."""
    return {
        "Software": "Filter Atlas",
        "photo": photo.digest,
        **({"guide": guide.digest} if guide else {}),
        "dream": json.dumps(dream.method),
        "weights": weights_digest,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("settings", help="the settings: JSON, or the path of a JSON file")
    parser.add_argument("--weights", type=Path, required=True, help="the canonical weights")
    parser.add_argument(
        "--device", type=_device, default="cpu", help="`cpu` (the default) or `gpu:N`"
    )
    parser.add_argument("--picture", type=Path, required=True, help="the PNG to write")
    parser.add_argument("--record", type=Path, required=True, help="the JSON to write beside it")
    parser.add_argument("--animation", type=Path, help="the WebP or GIF to write, with `zoom`")
    with one_line_errors():
        main(parser.parse_args())
