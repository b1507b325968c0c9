"""Base class and types that several sections of the settings use."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from filter_atlas.base.paths import portable

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"
"""Pattern of names that become file names; see `NAME_RULE`."""


def same_file(names: Iterable[str], file_name: Callable[[str], str]) -> tuple[str, str] | None:
    """Two different names that would be the same file where case does not count; None if none are.

    Args:
        names: the names.
        file_name: returns the name of the file that a name becomes.
    """
    found: dict[str, str] = {}
    for name in names:
        other = found.setdefault(file_name(name).casefold(), name)
        if other != name:
            return other, name
    return None


def file_names(names: Iterable[str]) -> list[str]:
    """Names as they appear in file names on every system, in the same order.

    Raises:
        ValueError: two of them would be the same file where case does not count.
    """
    different = list(dict.fromkeys(names))
    if same := same_file(different, portable):
        raise ValueError(
            f"{' and '.join(same)} are the same file name on systems that ignore case: choose "
            "another name for one of them"
        )
    return [portable(name) for name in different]


class SettingsSection(BaseModel, frozen=True, extra="forbid"):
    """A section of the settings: frozen, without unknown keys."""


def _switch(value: object) -> object:
    """Accept the text that Snakemake passes on for `--config run_code=true`."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


Switch = Annotated[bool, Field(strict=True), BeforeValidator(_switch)]
"""True or false; texts are accepted."""


def check_path(value: str) -> str:
    """Check that a text can be a path, and return it; the file need not exist.

    Raises:
        ValueError: the text cannot be a path.
    """
    try:
        Path(value).expanduser()
    except RuntimeError:
        raise ValueError("this user is unknown: write the whole path") from None
    if "\0" in value:
        raise ValueError("a path cannot contain a null character: remove it")
    return value


PathSetting = Annotated[str, Field(strict=True, min_length=1), AfterValidator(check_path)]
"""A path, or a name that stands for a file."""
