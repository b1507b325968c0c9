"""Which results of views a run has, and which photographs are refused before any job."""

from pathlib import Path

import pytest

from filter_atlas.base.architecture import VGG16, Architecture, Layer
from filter_atlas.base.errors import ConfigError, PhotoError
from filter_atlas.base.sample_photos import sample_photos
from filter_atlas.settings.config import read_settings
from filter_atlas.views.family import VIEWS, grouped_layers, is_attributed
from runs import write_photographs


def test_every_view_has_a_record_a_copy_and_a_mosaic_of_each_layer() -> None:
    config = read_settings(
        {
            "layers": ["block4_conv1"],
            "views": {"photographs": ["owl", "x/holiday.jpg"], "groups": 0},
        }
    )

    assert VIEWS.results(config) == [
        "results/views/owl.json",
        "results/views/owl.webp",
        "results/views/owl/block4_conv1.png",
        "results/views/holiday.json",
        "results/views/holiday.webp",
        "results/views/holiday/block4_conv1.png",
    ]
    assert VIEWS.results(read_settings({"views": "none"})) == []


def test_an_early_a_middle_and_a_deep_layer_have_groups() -> None:
    config = read_settings({"views": "owl"})

    assert grouped_layers(config) == ["block2_conv2", "block4_conv2", "block5_conv2"]
    assert "results/views/owl/drawn/block4_conv2.png" in VIEWS.results(config)
    assert grouped_layers(read_settings({"views": "owl", "layers": ["block4_conv1"]})) == [
        "block4_conv1"
    ]


def test_only_a_network_that_may_end_in_classes_has_attributions_unless_they_are_left_out() -> None:
    lite0 = Architecture("lite0", (Layer("top_conv", "top_conv", 8),))
    record = "results/views/owl.classes.json"

    def results(**views: bool) -> list[str]:
        settings = {"views": {"photographs": "owl", **views}, "network": "efficientnet_lite0"}
        return VIEWS.results(read_settings(settings, lite0))

    assert not is_attributed(read_settings({}))
    assert record in results()
    assert record not in results(attribution=False)


def test_the_default_photographs_are_an_animal_a_street_and_a_bird_of_the_sample() -> None:
    facts = VIEWS.preflight(read_settings({}))

    digests = {photo.digest: photo.path.stem for photo in sample_photos()}
    assert [digests[one["digest"]] for one in facts.values()] == ["dog", "scratch-houses", "owl"]


def test_a_file_beside_the_run_is_found_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write_photographs(tmp_path / "photographs", 2))
    Path("0.jpg").rename("owl")

    facts = VIEWS.preflight(read_settings({"views": ["1.jpg", "./owl"]}))

    assert facts["1"]["address"] == str(tmp_path / "photographs" / "1.jpg")
    assert facts["owl"]["digest"] not in {photo.digest for photo in sample_photos()}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file or directory; give the path of"),
        (b"no photograph", "not a JPEG, PNG or WebP that can be read"),
    ],
)
def test_a_photograph_that_cannot_be_used_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("mine.jpg").write_bytes(content)

    with pytest.raises(PhotoError, match=rf"^config: views: mine\.jpg: {message}") as error:
        VIEWS.preflight(read_settings({"views": ["dog", "mine.jpg"]}))
    assert "\n" not in str(error.value)


def test_a_misspelt_name_of_the_sample_gets_a_hint() -> None:
    with pytest.raises(PhotoError, match=r"views: owll: No such file .*\(did you mean 'owl'\?\)$"):
        VIEWS.preflight(read_settings({"views": "owll"}))


def test_a_view_is_one_pass_of_the_network() -> None:
    work = VIEWS.arithmetic["view"](read_settings({}), {}, VGG16, {"view": "owl"})

    assert work == pytest.approx(30.7e9, rel=0.01)


def test_another_atlas_without_views_is_refused(tmp_path: Path) -> None:
    views = {"photographs": "owl", "beside": str(tmp_path)}

    with pytest.raises(ConfigError, match=r"views\.beside = .*: no views there; give the folder"):
        VIEWS.preflight(read_settings({"views": views}))
