"""The section `truth`: who judges how much pictures tell."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from filter_atlas.settings.section import SettingsSection


class TruthSettings(SettingsSection):
    """Who judges how much pictures tell; no setting changes a picture."""

    observer: Literal["efficientnet_lite0", "efficientnet_lite1", "none"] | None = Field(
        default=None,
        description="The network that judges, which must not be the one that is drawn: "
        "`efficientnet_lite0` or `efficientnet_lite1` (from PyPI), or `none`. Default: "
        "`efficientnet_lite0`, or `efficientnet_lite1` if that is drawn.",
    )


TruthSetting = Annotated[
    TruthSettings,
    # On the command line, a word is shorter than a mapping.
    BeforeValidator(
        lambda value: {"observer": value} if isinstance(value, str) else value,
        json_schema_input_type=str | TruthSettings,
    ),
]
"""The setting: the name of the observer, or a mapping."""
