"""Time and memory of observing photographs, and whether pictures come first among photographs.

    python benchmarks/evidence.py cost WEIGHTS PHOTOS                      250, 1,000 and 10,000
    python benchmarks/evidence.py cost WEIGHTS PHOTOS --counts 50 100      fewer, sooner
    python benchmarks/evidence.py plant RESULTS                            every filter
    python benchmarks/evidence.py plant RESULTS --filters 8                8 filters of every layer

`cost` observes so many copies of the photographs in a folder, each with bytes of its own, as a run
does: they are found, observed in chunks, and ordered for all filters. WEIGHTS is the canonical file
of a network, `results/weights/*.h5` of a run. Every stage runs in a process of its own. Prints for
each number of photographs the wall time and the processor time of each stage, the peak of memory,
the size of what is kept on the disk, and for VGG16 the arithmetic as a share of that of the default
run. With `--once`, the network sees each photograph once, and its copies get the same observation:
all files and all memory of 10,000 photographs, without the passes of 10,000.

`plant` looks at a finished run with evidence. A filter's own picture comes first if it fires the
filter more than every photograph does: at its own size, as its natural gap says; and if the PNG is
planted among the photographs, so that it is scaled and cropped as they are. Filters are chosen at
random. The last column names filters whose picture does not come first at its own size.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from filter_atlas.base import devices, paths
from filter_atlas.base.arrays import npy
from filter_atlas.evidence import family
from filter_atlas.evidence.job import observe_chunk
from filter_atlas.evidence.observations import ObservationStore, read_chunk
from filter_atlas.evidence.photographs import FoundPhotographs, chunks, find_photographs
from filter_atlas.evidence.ranking import Ranking
from filter_atlas.evidence.record import LayerEvidence
from filter_atlas.networks import arithmetic
from filter_atlas.readers.scaled_photograph import read_scaled
from filter_atlas.settings.applications import USUAL_SIZE
from filter_atlas.settings.photos import PhotoSettings
from filter_atlas.weights import canonical

COUNTS = (250, 1_000, 10_000)
CHUNK = 300
SEED = 2016
STAGES = ("find", "find again", "observe", "order")


def copy_photographs(source: Path, folder: Path, number: int) -> int:
    """Copy photographs again and again, each with other bytes after its end.

    Returns:
        The number of different photographs.
    """
    originals = sorted(file for file in source.rglob("*") if file.is_file())
    if not originals:
        sys.exit(f"{source}: no files")
    for index in range(number):
        original = originals[index % len(originals)]
        copy = folder / f"{index:06}{original.suffix}"
        shutil.copy(original, copy)
        with copy.open("ab") as file:
            file.write(f"{index}".encode())
        os.utime(copy, (1e9, 1e9))
    return min(number, len(originals))


def find(folder: Path) -> FoundPhotographs:
    """Find the photographs."""
    return find_photographs(PhotoSettings(folders=(str(folder / "photographs"),)), folder / "cache")


def shares(found: FoundPhotographs) -> dict[str, list[str]]:
    """The photographs of each chunk."""
    return chunks([photograph.digest for photograph in found.photographs], CHUNK)


def observe(folder: Path, weights: Path, originals: int) -> None:
    """Observe all chunks, one after the other.

    Args:
        folder: the benchmark's folder.
        weights: the canonical file.
        originals: if not 0, only so many photographs are observed, and copies get what was
            observed of their originals.
    """
    from filter_atlas.evidence.observer import Observer, load_observer

    found = find(folder)
    layers = [layer.name for layer in canonical.load_header(weights).architecture.layers]
    made: list[Observer] = []

    def start() -> Observer:
        made[:] = made or [load_observer(weights, None, layers, None, "cpu", devices.cores())]
        return made[0]

    store = ObservationStore(folder / "store")
    (folder / "chunks").mkdir()
    if originals:
        photographs = sorted(found.photographs, key=lambda one: one.name)
        observe_chunk(photographs[:originals], store, start, lambda line: None)
        filters = made[0].layout.filters
        for index, copy in enumerate(photographs[originals:]):
            kept = store.read(photographs[index % originals].digest, filters)
            assert kept is not None
            store.write(copy.digest, kept)
    for name, members in shares(found).items():
        photographs = [one for one in found.photographs if one.digest in set(members)]
        chunk = observe_chunk(photographs, store, start, lambda line: None)
        (folder / "chunks" / f"{name}.npy").write_bytes(npy(chunk.rows))
        (folder / "chunks" / f"{name}.cells.npy").write_bytes(npy(chunk.counts))
        (folder / "chunks" / f"{name}.json").write_bytes(chunk.record.to_json())


def order(folder: Path, weights: Path) -> None:
    """Order the photographs for all filters."""
    records = sorted((folder / "chunks").glob("*.json"))
    kinds = family.OBSERVATIONS
    read = [read_chunk(*(record.with_suffix(f".{kind}") for kind in kinds)) for record in records]
    ranking = Ranking(read)
    for layer in canonical.load_header(weights).architecture.layers:
        evidence, _ = ranking.rank(layer.name, range(layer.filters), {}, "")
        (folder / f"{layer.name}.json").write_bytes(evidence.to_json())


def stage(name: str, folder: Path, weights: Path, originals: int) -> None:
    """Run one stage in this process, and print its cost as JSON."""
    work: dict[str, Callable[[], object]] = {
        "find": lambda: find(folder),
        "find again": lambda: find(folder),
        "observe": lambda: observe(folder, weights, originals),
        "order": lambda: order(folder, weights),
    }
    before = time.perf_counter()
    work[name]()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps([time.perf_counter() - before, usage.ru_utime + usage.ru_stime, usage.ru_maxrss])
    )


def cost(weights: Path, photographs: Path, counts: list[int], once: bool) -> None:
    """Print a table of the cost of so many photographs."""
    print("| photographs | stage | wall | processor | peak memory |\n|---:|---|---:|---:|---:|")
    for number in counts:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            (folder / "photographs").mkdir()
            different = copy_photographs(photographs, folder / "photographs", number)
            for name in STAGES:
                here = [sys.executable, __file__, "stage", name, str(folder), str(weights)]
                here += ["--originals", str(different)] if once else []
                output = subprocess.run(here, check=True, stdout=subprocess.PIPE).stdout
                wall, processor, memory = json.loads(output.splitlines()[-1])
                print(
                    f"| {number:,} | {name} | {wall:,.1f} s | {processor:,.1f} s "
                    f"| {memory / 1024:,.0f} MB |"
                )
            kept = {
                part: sum(file.stat().st_size for file in (folder / part).rglob("*.np*")) / 1e6
                for part in ("store", "chunks")
            }
            print(
                f"{number:,} photographs: {kept['store']:,.0f} MB of single observations, "
                f"{kept['chunks']:,.0f} MB of chunks"
            )
            if canonical.load_header(weights).source.is_vgg16:
                from atlas import default_run

                share = number * arithmetic.observation(USUAL_SIZE) / sum(default_run().values())
                print(
                    f"{share:.2%} of the arithmetic of the default run, "
                    f"{2 * share:.2%} with heat maps of all of them"
                )


def plant(results: Path, filters: int | None) -> None:
    """Print how often pictures come first among the photographs of a run."""
    from filter_atlas.evidence.observer import load_observer

    [weights] = (results / "weights").glob("*.h5")
    folder = results / Path(family.FOLDER).relative_to(paths.ROOT)
    layers = [LayerEvidence.from_file(file) for file in sorted((folder / "layers").glob("*.json"))]
    names = [layer.layer for layer in layers]
    observer = load_observer(weights, None, names, layers[0].size, "cpu", devices.cores())
    random, first = np.random.RandomState(SEED), 0
    print("| layer | filters | first, own size | first, as a photograph | not first |")
    print("|---|---:|---:|---:|---|")
    for name, layout in observer.layout.layers.items():
        layer = layers[names.index(name)]
        chosen = sorted(layer.filters)
        if filters is not None and filters < len(chosen):
            chosen = sorted(random.choice(chosen, filters, replace=False).tolist())
        pictures = [results / "filters" / name / f"{index}.png" for index in chosen]
        squares = [read_scaled(file, layer.size, print).square(layer.size) for file in pictures]
        planted = [
            observation.rows["maximum"][first + index]
            for index, observation in zip(chosen, observer.observe(squares), strict=True)
        ]
        greatest = [layer.filters[index].greatest for index in chosen]
        own = [layer.filters[index].picture or 0.0 for index in chosen]
        is_first = [picture > best for picture, best in zip(own, greatest, strict=True)]
        as_photograph = [picture > best for picture, best in zip(planted, greatest, strict=True)]
        others = [str(index) for index, wins in zip(chosen, is_first, strict=True) if not wins]
        print(
            f"| {name} | {len(chosen)} | {np.mean(is_first):.1%} | {np.mean(as_photograph):.1%} "
            f"| {', '.join(others[:12])}{', …' if len(others) > 12 else ''} |"
        )
        first += layout.filters


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    costs = kinds.add_parser("cost", help="time and memory")
    costs.add_argument("weights", type=Path)
    costs.add_argument("photographs", type=Path)
    costs.add_argument("--counts", type=int, nargs="+", default=list(COUNTS))
    costs.add_argument(
        "--once", action="store_true", help="pass each photograph once; copies get its observation"
    )
    plants = kinds.add_parser("plant", help="pictures among photographs")
    plants.add_argument("results", type=Path)
    plants.add_argument("--filters", type=int)
    stages = kinds.add_parser("stage")
    stages.add_argument("name", choices=STAGES)
    stages.add_argument("folder", type=Path)
    stages.add_argument("weights", type=Path)
    stages.add_argument("--originals", type=int, default=0)
    given = parser.parse_args()
    if given.kind == "cost":
        cost(given.weights, given.photographs, given.counts, given.once)
    elif given.kind == "plant":
        plant(given.results, given.filters)
    else:
        stage(given.name, given.folder, given.weights, given.originals)
