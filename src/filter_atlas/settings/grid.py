"""The section `grid`: how pictures are stitched into grids."""

from typing import Annotated

from pydantic import Field

from filter_atlas.settings.section import SettingsSection


class GridSettings(SettingsSection):
    """How grids are stitched."""

    margin: Annotated[int, Field(strict=True, ge=0, le=100)] = Field(
        default=5, description="Pixels between neighbouring pictures (the article's 5)."
    )
    best: Annotated[int, Field(strict=True, ge=1, le=32)] = Field(
        default=8, description="Side of the grid of a layer's best filters: 8 gives 8×8."
    )
    overview: Annotated[int, Field(strict=True, ge=1, le=32)] = Field(
        default=12,
        description="Number of best filters of each layer in the overview of the network.",
    )
