"""The setting `views`: photographs, and the names that their views get."""

import pytest

from filter_atlas.settings.config import read_settings
from filter_atlas.settings.views import view_name


def test_photographs_may_be_one_or_several_or_none() -> None:
    def photographs(setting: object) -> tuple[str, ...] | None:
        views = read_settings({"views": setting}).views
        return views.photographs if views else None

    assert photographs("owl") == ("owl",)
    assert photographs(["owl", "~/holiday.jpg"]) == ("owl", "~/holiday.jpg")
    assert photographs({"photographs": "./none"}) == ("./none",)
    assert photographs("none") is None


@pytest.mark.parametrize(
    ("photograph", "name"),
    [
        ("owl", "owl"),
        ("~/pictures/Holiday 2024.JPG", "Holiday-2024-371863"),
        ("x/夏.png", "photograph-b0c898"),
        ("x/con.png", "con_"),
        (f"{'a' * 200}.jpg", f"{'a' * 60}-d8f2f2"),
    ],
)
def test_a_view_has_the_name_of_its_file_if_that_is_safe(photograph: str, name: str) -> None:
    assert view_name(photograph) == name


def test_the_same_photograph_twice_is_one_view() -> None:
    views = read_settings({"views": ["owl", "owl", "dog"]}).views

    assert views
    assert list(views.by_name) == ["owl", "dog"]
