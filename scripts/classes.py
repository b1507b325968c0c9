"""Draw pictures that a classifier takes for its classes, and write what it makes of them."""

from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas.classes.settings import Classes
from filter_atlas.files import write_atomically
from filter_atlas.recipe import Recipe
from filter_atlas.rule import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main() -> None:
    """Draw every class, then their table."""
    from filter_atlas.classes.draw import draw, table

    output, params = snakemake.output, snakemake.params
    drawn = draw(
        Classes.model_validate(params.classes),
        Recipe.model_validate(params.recipe),
        params.seed,
        snakemake.resources.device,
        Path(".cache"),
    )
    records = []
    for one, picture, record in zip(drawn, output.pictures, output.records, strict=True):
        write_atomically(picture, one.picture)
        write_atomically(record, one.record.to_json())
        records.append(one.record)
        found = one.record.judgement
        print(
            f"class {found.index} ({found.name}): probability {found.probability:.4f}; "
            f"fools the network: {found.verdict}"
        )
    write_atomically(output.summary, table(records).encode())


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main()
