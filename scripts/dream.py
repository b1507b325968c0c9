"""Dream a photograph: from settings to a picture, its record, and an animation with `zoom`.

python scripts/dream.py SETTINGS --weights results/weights/vgg16.h5 \
    --picture dream.png --record dream.json [--animation dream.webp] [--device gpu:0]

The settings are JSON, or the path of a JSON file. `filter_atlas.settings.dreams.Dream` lists all
keys. The shortest settings:
{"photo": "sample", "layers": [{"layer": "block4_conv2"}]}
"""

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from filter_atlas.base import devices, png
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.digests import bytes_digest
from filter_atlas.base.errors import ConfigError
from filter_atlas.base.script_logging import log_line, one_line_errors
from filter_atlas.dream import zoom
from filter_atlas.dream.deep_dream import DeepDream
from filter_atlas.dream.record import DreamRecord, PhotographRecord
from filter_atlas.measure.record import versions
from filter_atlas.networks import load, tensorflow_device
from filter_atlas.readers import photograph
from filter_atlas.readers.photograph import Photograph
from filter_atlas.settings import dreams
from filter_atlas.settings.dreams import Dream
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.weights import canonical


def main(arguments: argparse.Namespace) -> None:
    """Dream, and write the results."""
    architecture = canonical.load_header(arguments.weights).architecture
    dream = dreams.read_dream(arguments.settings, architecture)
    if dream.zoom and not arguments.animation:
        raise ConfigError("zoom: the animation has no file; add --animation")
    if arguments.animation and not dream.zoom:
        raise ConfigError(
            "--animation: the settings have no zoom; add one, or leave the option out"
        )
    photo = photograph.read_photograph(
        Path(dreams.photo_path(dream.photo)), dream.longest_side, log_line
    )
    guide = None
    if dream.guide:
        guide = photograph.read_photograph(
            Path(dreams.photo_path(dream.guide)), dreams.GUIDE_SIDE, log_line
        )
    if dream.zoom:
        zoom.check(dream.zoom, photo.pixels.shape)
    # A picture is often a single tile, so its operations share the cores.
    device = tensorflow_device.select(arguments.device, threads=devices.cores())
    network, weights_digest = load.load_network(arguments.weights, NetworkSource.planned())
    deep_dream = DeepDream(dream, network, guide.pixels if guide else None)

    result = deep_dream.dream(photo.pixels)

    picture = png.to_png(result.pixels, _text(dream, photo, guide, weights_digest))
    record = DreamRecord(
        photo=PhotographRecord.from_photograph(photo),
        guide=PhotographRecord.from_photograph(guide) if guide else None,
        dream=dream.method,
        seed=dream.seed,
        loss=result.loss,
        weights_digest=weights_digest,
        picture_digest=bytes_digest(picture),
        device=device,
        versions=versions(),
    )
    write_atomically(arguments.picture, picture)
    write_atomically(arguments.record, record.to_json())
    if dream.zoom:
        steps = dream.zoom.steps

        def dream_frame(frame: np.ndarray, number: int) -> np.ndarray:
            return deep_dream.dream(frame, steps, number).pixels

        frames = list(zoom.frames(result.pixels, dream.zoom, dream_frame))
        write_atomically(arguments.animation, zoom.animation(frames, dream.zoom))


def _device(given: str) -> str:
    if not re.fullmatch(r"cpu|gpu:\d+", given):
        raise argparse.ArgumentTypeError("allowed are cpu and gpu:0, gpu:1, …")
    return given


def _text(
    dream: Dream, photo: Photograph, guide: Photograph | None, weights_digest: str
) -> Mapping[str, str]:
    """The text chunks of the picture."""
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
