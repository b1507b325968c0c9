"""How a family of results plugs into a run.

A family is a package, such as `filter_atlas.dream`. Its module `family` defines a `Family` and the
names of its results. Its rules are in `rules/<name>.smk`. `filter_atlas.workflow.families` lists
all families.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filter_atlas.base.architecture import Architecture
from filter_atlas.settings.config import Config

Facts = Mapping[str, Any]
"""What a family finds out or passes on: JSON values by name."""

Arithmetic = Callable[[Config, Facts, Architecture, Mapping[str, str]], float]
"""Number of floating-point operations of a job, from the facts of the family's preflight and the
job's wildcards by name."""

FACTS = "FILTER_ATLAS_FACTS"
"""Environment variable with the path of the facts of the run's preflight, as JSON.

A job on a node of a cluster makes the plan again from the facts of its run, not of its node.
"""


def facts_of_run(family: str) -> Facts:
    """What a family has found out in the preflight of the run that this process belongs to.

    With it a job finds files of the user by paths, which must not be parameters: a folder that is
    moved makes no result stale.
    """
    facts: Facts = json.loads(Path(os.environ[FACTS]).read_bytes())["families"][family]
    return facts


@dataclass(frozen=True)
class Family:
    """A family of results.

    Attributes:
        name: name of its rules file, and of its section of the site.
        results: returns the paths of all results of a run, relative to its folder.
        preflight: checks files that the settings name, such as photographs, before any job runs,
            and returns facts for the rules. It raises a `FilterAtlasError` if the results cannot
            be made.
        site_metadata: returns what the family's section of the site needs in addition to the
            results.
        arithmetic: by the names of rules whose jobs take long: the floating-point operations of
            such a job, for the progress line.
    """

    name: str
    results: Callable[[Config], list[str]]
    preflight: Callable[[Config], Facts] = lambda config: {}
    site_metadata: Callable[[Config], Facts] = lambda config: {}
    arithmetic: Mapping[str, Arithmetic] = field(default_factory=dict)
