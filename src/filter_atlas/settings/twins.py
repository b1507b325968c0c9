"""The section `twins`: how twins are found among a layer's filters."""

from typing import Annotated, Literal

from pydantic import Field

from filter_atlas.settings.section import SettingsSection


class TwinSettings(SettingsSection):
    """How twins are found; no setting changes a picture."""

    rotation_step: Literal[90, 45, 30, 15] = Field(
        default=90,
        description="Degrees: pictures are rotated by all multiples of this, and mirrored.",
    )
    threshold: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        default=0.8,
        description="Each twin responds to the other's rotated picture with at least this share of "
        "its response to its own picture.",
    )
