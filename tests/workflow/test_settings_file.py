"""The text of `config.yaml` is checked before Snakemake reads it."""

from pathlib import Path

import pytest

from filter_atlas.base.errors import ConfigError
from filter_atlas.workflow import settings_file

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("filters: 8\nseed: 1\nfilters: all\n", "line 3: filters is set again, after line 1; "),
        ("a: [{b: 1,\n b: 2}]", "line 2: b is set again, after line 1; remove one of the two"),
        ('{"seed": 1, "seed": 2}', "line 1: seed is set again, after line 1"),
        ("# K\xf6ln\nseed: 1".encode("latin-1"), "line 1: not UTF-8 text (byte 0xf6); save"),
        ("seed: 1\nfilters: [1\n", "line 3: not YAML: expected ',' or ']'"),
        ("a\0: 1", "not YAML: "),
        ("seed: 1\n\t- 2", "line 2: not YAML: "),
        ("seed: !!python/name:os.system", "line 1: not YAML: could not determine a constructor"),
        ("? [a]\n: 1", "line 1: not YAML: found unhashable key"),
        ("seed: 2026-13-45", "not YAML of settings: month must be in 1..12"),
        ("a: " + "[" * 10**5, "not YAML of settings: maximum recursion depth exceeded"),
        ("- seed", "not a list of settings; each line is `name: value`"),
        ("all", "not a list of settings"),
    ],
)
def test_a_text_that_snakemake_would_misread_is_refused_in_one_line(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ConfigError) as error:
        settings_file.check(path)

    assert str(error.value).startswith(str(path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "null", "~"])
def test_an_empty_file_means_all_defaults(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(content)

    assert not settings_file.check(path)


@pytest.mark.parametrize("content", ["﻿seed: 1", "a: &x {b: 1}\nc: *x\nd: [*x, {b: 2}]"])
def test_other_settings_are_left_to_snakemake(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(content, "utf-8")

    assert settings_file.check(path)
    assert settings_file.check(REPOSITORY / "config.yaml")
    assert settings_file.check(tmp_path / "elsewhere.yaml")
