"""How a family of results plugs into a run.

A family is a package, such as `filter_atlas.dream`. Its module `family` defines a `Family` and the
names of its results. Its rules are in `rules/<name>.smk`. `filter_atlas.workflow.families` lists
all families.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from filter_atlas.base.architecture import Architecture
from filter_atlas.settings.config import Config

Arithmetic = Callable[[Config, Architecture, Mapping[str, str]], float]
"""Number of floating-point operations of a job, from its wildcards by name."""

Facts = Mapping[str, Any]
"""What a family finds out or passes on: JSON values by name."""


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
