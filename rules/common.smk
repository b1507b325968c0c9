# Functions and constraints that all rules share.

import re
from pathlib import Path

from filter_atlas.base.digests import code_digest


def one_of(names):
    """A pattern that matches each of these names; nothing if there are no names."""
    return "|".join(map(re.escape, names)) or "(?!)"


def code_of(script):
    """Digest of a script and of all code that it imports: a change makes its results stale."""
    return code_digest(Path(workflow.basedir, "scripts", script))


def as_is(text):
    """A text for `params` in which braces mean nothing: Snakemake fills wildcards into others."""
    return lambda wildcards: text


def in_report(result, caption, **labels):
    """A result that `snakemake --report` shows.

    Do not use it for the pictures of single filters: browsers cannot open a report with thousands.

    Args:
        result: path of the result.
        caption: name of its caption, `report/<caption>.rst`. The folder of the caption is the
            category of the result, and the name of the file is one of its labels.
        labels: further labels, as patterns or as functions of the wildcards.
    """
    category, shows = caption.split("/")
    labels["shows"] = shows.replace("_", " ")
    return report(
        result,
        caption=f"../report/{caption}.rst",
        category=category.capitalize(),
        labels=lambda wildcards: {
            name: label(wildcards) if callable(label) else label
            for name, label in labels.items()
        },
    )


def numbered(wildcards):
    """The label of a layer. Its number keeps the network's order, since a report sorts labels."""
    return f"{plan.layer_names.index(wildcards.layer) + 1:02} {wildcards.layer}"


# None on a cluster, if no number of cores is given.
whole_machine = workflow.resource_settings.cores or 1


wildcard_constraints:
    layer=one_of(plan.layer_names),
    index="0|[1-9][0-9]*",
    variant=one_of(plan.config.variants),
