"""Drawing class pictures: from settings to pictures, records and a table, on one device."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filter_atlas import compute
from filter_atlas.ascent import Ascended, Start
from filter_atlas.classes import loading
from filter_atlas.classes.ascent import ClassAscent
from filter_atlas.classes.classifier import Classifier
from filter_atlas.classes.judge import HANDLINGS, IN_WORDS, judge
from filter_atlas.classes.record import ClassRecord
from filter_atlas.classes.settings import Classes
from filter_atlas.errors import ClassifierError
from filter_atlas.picture import deprocess, to_png
from filter_atlas.recipe import Recipe
from filter_atlas.record import versions


@dataclass(frozen=True)
class Drawn:
    """A class's picture (PNG) and its record."""

    picture: bytes
    record: ClassRecord


def draw(settings: Classes, recipe: Recipe, seed: int, device: str, cache: Path) -> Iterator[Drawn]:
    """Draw the classes that the settings name, in order.

    Args:
        settings: network and classes.
        recipe: how a picture grows; see `ascent.ClassAscent` for what counts of it.
        seed: from which every class's noise derives.
        device: `cpu`, or `gpu:N` for the N-th visible GPU.
        cache: folder for downloads.

    Raises:
        ClassifierError: the network cannot be had or does not fit, or an ascent leaves all bounds.
        WorkerError: there is no such device.
    """
    device_name = compute.select(device)
    classifier = loading.load(settings, cache)
    ascent = ClassAscent(recipe, classifier)
    for index in settings.indices:
        # One by one: a dense layer's last bits depend on how many pictures share its batch.
        (ascended,) = ascent.draw([Start(filter=index, seed=seed)])
        yield _finished(index, ascended, classifier, recipe, seed, device_name)


def _finished(
    index: int,
    ascended: Ascended,
    classifier: Classifier,
    recipe: Recipe,
    seed: int,
    device: str,
) -> Drawn:
    if not abs(ascended.final_pre_activation) < float("inf"):
        raise ClassifierError(
            f"class {index} of {classifier.name}: the ascent ran out of bounds (infinite or not a "
            "number); lower the recipe's rate"
        )
    pixels = deprocess(ascended.picture, recipe.contrast)
    text = {
        "Software": "Filter Atlas",
        "class": f"{index} ({classifier.label(index)})",
        "network": classifier.digest,
        "seed": str(seed),
        "recipe": recipe.model_dump_json(),
    }
    record = ClassRecord(
        network=classifier.name,
        network_digest=classifier.digest,
        judgement=judge(pixels, index, classifier),
        margin=ascended.final_pre_activation,
        attempts=ascended.attempts,
        loss=ascended.loss,
        seed=seed,
        recipe=recipe.model_dump(mode="json"),
        recipe_digest=recipe.digest,
        device=device,
        versions=versions("keras"),
    )
    return Drawn(to_png(pixels, text), record)


def table(records: list[ClassRecord]) -> str:
    """A Markdown table: what the network makes of every picture, and of handled copies of it."""
    copies = " | ".join(IN_WORDS[name] for name in HANDLINGS)
    rows = ["Being 99.9 % sure is not knowing what a thing looks like.\n\n"]
    rows.append(f"| class | probability | place | {copies} | fools the network |\n")
    rows.append(f"|---|---:|---:|{'---:|' * len(HANDLINGS)}---|\n")
    for record in records:
        found = record.judgement
        shares = " | ".join(f"{found.copies[name].probability:.4f}" for name in HANDLINGS)
        rows.append(
            f"| {found.index}, {found.name} | {found.probability:.4f} | {found.rank} | {shares} "
            f"| {found.verdict} |\n"
        )
    return "".join(rows)
