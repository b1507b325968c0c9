"""The section `views`: which photographs are shown as the network sees them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from filter_atlas.base.digests import value_digest
from filter_atlas.base.paths import portable
from filter_atlas.settings.section import NAME, PathSetting, SettingsSection, same_file

DEFAULT_PHOTOGRAPHS = ("dog", "scratch-houses", "owl")
"""Photographs of the sample: an animal, a street, a bird (the sample has no magpie)."""

NONE = "none"
"""The word that leaves the family out. Write `./none` for a file of that name."""

MOST_GROUPS = 8
"""Maximum number of groups: more colours cannot be told apart."""

LONGEST_STEM = 60
"""Maximum length of a part of a file's name that becomes part of a view's name."""


def _listed(value: Any) -> Any:
    """A single photograph as a list of one."""
    return [value] if isinstance(value, str) else value


def _with_different_names(photographs: tuple[str, ...]) -> tuple[str, ...]:
    if same := same_file(photographs, view_name):
        raise ValueError(
            f"{' and '.join(same)} would have the same name in the atlas: rename one of the files"
        )
    return photographs


class ViewSettings(SettingsSection):
    """Which photographs are shown as the network sees them; no setting changes a picture."""

    photographs: Annotated[
        tuple[PathSetting, ...],
        Field(min_length=1),
        BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...]),
        AfterValidator(_with_different_names),
    ] = Field(
        default=DEFAULT_PHOTOGRAPHS,
        description="The photographs: paths (JPEG, PNG or WebP), or names of photographs of the "
        "sample without their ending, such as `owl`.",
    )
    groups: Annotated[int, Field(strict=True, ge=0, le=MOST_GROUPS)] = Field(
        default=4,
        description="Number of groups of filters that fire together, in an early, a middle and a "
        "deep layer; 0 leaves them out.",
    )
    attribution: bool = Field(
        default=True,
        description="Whether a classifier's views say which filters speak for its classes, and "
        "which against them. This takes most of the time of such a view.",
    )
    beside: PathSetting | None = Field(
        default=None,
        description="The folder `results` of another atlas: its views of the same photographs are "
        "shown beside these.",
    )

    @property
    def by_name(self) -> dict[str, str]:
        """The photographs, as the settings name them, by the name of their view."""
        return {view_name(photograph): photograph for photograph in self.photographs}


def _with_keys(value: Any) -> Any:
    """The section as a mapping, if only photographs are given; None for the word `none`."""
    if value is None or isinstance(value, dict | ViewSettings):
        return value
    if not isinstance(value, str | Sequence):
        raise ValueError("allowed are a photograph, a list of photographs, a mapping, and none")
    return None if value == NONE else {"photographs": value}


ViewsSetting = Annotated[
    ViewSettings | None,
    BeforeValidator(_with_keys, json_schema_input_type=str | tuple[str, ...] | ViewSettings | None),
]
"""The setting: a photograph, a list of photographs, a mapping, or `none`."""


def view_name(photograph: str) -> str:
    """The name of the view of a photograph, in files and addresses: that of its file.

    A name that is not safe in files on every system becomes one that is, with a part of its hash.
    """
    stem = Path(photograph).stem
    if re.fullmatch(NAME, stem):
        return portable(stem)
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:LONGEST_STEM]
    return f"{safe or 'photograph'}-{value_digest(stem)[:6]}"
