"""The setting `photos`: which photographs are observed, and how the network sees them."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from filter_atlas.settings.section import PathSetting, SettingsSection

SAMPLE = "sample"
"""Name of the photographs of the product. Write `./sample` for a folder of that name."""

NONE = "none"
"""The word that leaves the family out. Write `./none` for a folder of that name."""


def _listed(value: Any) -> Any:
    """A single folder as a list of one."""
    return [value] if isinstance(value, str) else value


class PhotoSettings(SettingsSection):
    """Which photographs are observed; no setting changes a picture."""

    folders: Annotated[
        tuple[PathSetting, ...],
        Field(min_length=1),
        BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...]),
    ] = Field(
        default=(SAMPLE,),
        description="Where the photographs are: folders, with all folders in them, single files "
        "(JPEG, PNG or WebP), and `sample`, the photographs that come with the product.",
    )
    size: Annotated[int, Field(strict=True, ge=32, le=1024)] | None = Field(
        default=None,
        description="Side of the square that the network sees, in pixels; by default, the size "
        "that the network was trained on.",
    )
    chunk: Annotated[int, Field(strict=True, ge=1, le=100_000)] = Field(
        default=300,
        description="Maximum number of photographs that one job observes. No result depends on it.",
    )


def _with_keys(value: Any) -> Any:
    """The section as a mapping, if only its folders are given; None for the word `none`."""
    if value is None or isinstance(value, dict | PhotoSettings):
        return value
    if not isinstance(value, str | list | tuple):
        raise ValueError("allowed are sample, a folder, a list of folders, a mapping, and none")
    return None if value == NONE else {"folders": value}


PhotosSetting = Annotated[
    PhotoSettings | None,
    BeforeValidator(
        _with_keys, json_schema_input_type=str | tuple[str, ...] | PhotoSettings | None
    ),
]
"""The setting: a folder, a list of folders, a mapping, or `none`."""
