"""Drawing class pictures on one device: from settings to pictures, records and a table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filter_atlas.base.digests import bytes_digest
from filter_atlas.base.errors import ClassifierError
from filter_atlas.base.png import to_png
from filter_atlas.class_pictures.ascent import ClassAscent
from filter_atlas.class_pictures.classifier import Classifier
from filter_atlas.class_pictures.evaluation import PERTURBATIONS, ask_second, evaluate
from filter_atlas.class_pictures.loading import load_classifier
from filter_atlas.class_pictures.record import ClassRecord
from filter_atlas.class_pictures.second_network import load_second
from filter_atlas.measure.record import versions
from filter_atlas.optimize.ascent import AscentResult, Initialisation
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.optimize.microbatches import WHOLE_BATCH, MicroBatcher
from filter_atlas.settings.classes import Classes
from filter_atlas.settings.recipe import Recipe


@dataclass(frozen=True)
class ClassResult:
    """The picture of a class (PNG) and its record."""

    picture: bytes
    record: ClassRecord


def draw_classes(
    settings: Classes,
    recipe: Recipe,
    seed: int,
    device: str,
    cache: Path,
    microbatcher: MicroBatcher = WHOLE_BATCH,
    log: Callable[[str], None] = print,
) -> Iterator[ClassResult]:
    """Draw the classes that the settings name, in order.

    Args:
        settings: network and classes.
        recipe: how pictures are drawn; `ascent.ClassAscent` says which parts of it count.
        seed: the seed of the noise from which each picture starts.
        device: kind of device that computes, for records.
        cache: folder for downloads.
        microbatcher: how the pictures of all classes are computed.
        log: takes one line if there is no second network because it cannot be fetched.

    Raises:
        ClassifierError: the network cannot be loaded, or an ascent gives infinite values or NaN.
    """
    classifier = load_classifier(settings, cache)
    second = load_second(settings, classifier, cache, log)
    ascent = ClassAscent(recipe, classifier, microbatcher)
    starts = [Initialisation(filter=index, seed=seed) for index in settings.indices]
    for index, result in zip(settings.indices, ascent.draw(starts), strict=True):
        yield _finish(index, result, classifier, second, recipe, seed, device)


def _finish(
    index: int,
    result: AscentResult,
    classifier: Classifier,
    second: Classifier | None,
    recipe: Recipe,
    seed: int,
    device: str,
) -> ClassResult:
    if not abs(result.final_pre_activation) < float("inf"):
        raise ClassifierError(
            f"class {index} of {classifier.name}: the ascent ran out of bounds (infinite or not a "
            "number); lower the recipe's step_size"
        )
    pixels = deprocess(result.picture, recipe.contrast)
    text = {
        "Software": "Filter Atlas",
        "class": f"{index} ({classifier.label(index)})",
        "network": classifier.digest,
        "seed": str(seed),
        "recipe": recipe.model_dump_json(),
    }
    picture = to_png(pixels, text)
    record = ClassRecord(
        network=classifier.name,
        network_digest=classifier.digest,
        evaluation=evaluate(pixels, index, classifier),
        second_opinion=ask_second(pixels, index, second) if second else None,
        margin=result.final_pre_activation,
        attempts=result.attempts,
        loss=result.loss,
        seed=seed,
        recipe=recipe.model_dump(mode="json"),
        recipe_digest=recipe.digest,
        picture_digest=bytes_digest(picture),
        device=device,
        versions=versions("keras"),
    )
    return ClassResult(picture, record)


def summary_table(records: list[ClassRecord]) -> str:
    """A Markdown table: the evaluation of every picture, of its copies, and by a second network."""
    copies = " | ".join(PERTURBATIONS)
    rows = ["A classifier that is 99.9 % sure does not show what a thing looks like.\n\n"]
    rows.append(f"| class | probability | rank | {copies} | most likely class | second network |\n")
    rows.append(f"|---|---:|---:|{'---:|' * len(PERTURBATIONS)}---|---|\n")
    for record in records:
        found = record.evaluation
        shares = " | ".join(f"{found.copies[name].probability:.4f}" for name in PERTURBATIONS)
        rows.append(
            f"| {found.index}, {found.name} | {found.probability:.4f} | {found.rank} | {shares} "
            f"| {found.top1_text} | {_second_text(record)} |\n"
        )
    return "".join(rows)


def _second_text(record: ClassRecord) -> str:
    """What the second network makes of a picture, in words."""
    opinion = record.second_opinion
    if opinion is None:
        return "–"
    if opinion.is_fooled:
        return f"fooled, {opinion.probability:.4f}"
    return (
        f"not fooled: {opinion.best.name} {opinion.best.probability:.4f}, "
        f"this class {opinion.probability:.4f}"
    )
