"""The section `worker`: how the warm workers behave."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from filter_atlas.settings.section import SettingsSection

_Batch = Annotated[int, Field(strict=True, ge=1, le=1024)]


class WorkerSettings(SettingsSection):
    """How the warm workers behave; no setting changes a picture."""

    batch: Annotated[
        _Batch | None,
        BeforeValidator(
            lambda value: None if value == "auto" else value,
            json_schema_input_type=_Batch | Literal["auto"],
        ),
    ] = Field(
        default=None,
        json_schema_extra={"default": "auto"},
        description="Maximum number of filters that a worker draws together; `auto` (the default) "
        "is 16 on a processor, or four for each core if that is more; on a GPU it is as many as "
        "fit into free memory. It is at most 64.",
    )
    idle_seconds: Annotated[float, Field(strict=True, gt=0, le=86_400)] = Field(
        default=60.0, description="A worker ends after this many seconds without work."
    )
    threads: Annotated[int, Field(strict=True, ge=0, le=1024)] = Field(
        default=0, description="Processor cores of a worker; 0 uses all."
    )
