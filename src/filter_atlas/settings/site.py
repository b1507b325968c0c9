"""The section `site`: how the pages are built."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from filter_atlas.settings.section import SettingsSection, Switch


def _address(value: str) -> str:
    if not re.fullmatch(r"(https?://\S+)?", value):
        raise ValueError("allowed is an address such as https://example.org/atlas, or empty text")
    return value


class SiteSettings(SettingsSection):
    """How the pages are built; no setting changes a picture."""

    filter_pages: Switch = Field(
        default=True,
        description="Whether every filter has its own page, which can be cited, in addition to its "
        "panel.",
    )
    photographs: Switch = Field(
        default=True,
        description="Whether the pages show the photographs that fire a filter. Without them, "
        "pages have boxes and numbers, but no pixel and no file name of a photograph.",
    )
    url: Annotated[str, Field(strict=True), AfterValidator(_address)] = Field(
        default="",
        description="Address at which the atlas will be published, such as "
        "https://example.org/atlas, for citations, canonical links, and the page for unknown "
        "addresses.",
    )
