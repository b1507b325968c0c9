"""Views as a user gets them: real Snakemake, real TensorFlow, own photographs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from filter_atlas.views.cells import STRONGEST
from filter_atlas.views.mosaic import CELL
from filter_atlas.views.record import ViewRecord
from filter_atlas.views.speakers import AttributionRecord
from runs import SMALL, Folder, write_photographs

LAYERS = ("block1_conv1", "block3_conv2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, untrained_file: Path) -> Iterator[Folder]:
    """A folder with views of two photographs, one of them of the sample."""
    path = tmp_path_factory.mktemp("views")
    photographs = write_photographs(path / "photographs", 4)
    shutil.copy(photographs / "0.jpg", path / "holiday.jpg")
    made = Folder(path / "run", path, {**SMALL, "weights": str(untrained_file)})
    made.config = [
        f"photos={{folders: {photographs}, size: 96}}",
        f"views={{photographs: [{path / 'holiday.jpg'}, owl], groups: 2}}",
    ]
    with made.with_results("views"):
        yield made


def results(folder: Folder) -> dict[str, bytes]:
    views = folder.path / "results" / "views"
    files = (file for file in sorted(views.rglob("*")) if file.is_file())
    return {str(file.relative_to(views)): file.read_bytes() for file in files}


def test_a_view_has_every_layer_and_its_data_are_small(folder: Folder) -> None:
    views = folder.path / "results" / "views"
    record = ViewRecord.from_file(views / "holiday.json")

    assert results(folder).keys() == {
        f"{view}{file}"
        for view in ("holiday", "owl")
        for file in (
            *(".json", ".webp"),
            *(f"/{kind}{layer}.png" for kind in ("", "drawn/", "places/") for layer in LAYERS),
        )
    }
    assert (record.name, record.size, record.compared) == ("holiday.jpg", 96, True)
    assert (record.original, record.scaled, record.square) == ((80, 60), (147, 110), (25, 7))
    first, third = (record.layers[layer] for layer in LAYERS)
    assert (first.cells, first.block, first.shown) == ((96, 96), 7, (14, 14))
    assert (third.cells, third.block, third.shown) == ((24, 24), 2, (12, 12))
    assert third.box(12, 12) == (34, 34, 66, 66)
    for layer in (first, third):
        assert len(layer.strongest) == layer.shown[0] * layer.shown[1]
        for place, cell in enumerate(layer.strongest):
            assert len(cell) <= min(STRONGEST, 2)
            for index, activation, share, *own in cell:
                assert index in layer.maps
                assert activation > 0
                assert share > 0
                row, column = divmod(place, layer.shown[1])
                assert [own[0] // layer.block, own[1] // layer.block] == [row, column]
    assert [len(layer.groups) for layer in (first, third)] == [2, 2]
    with Image.open(views / "holiday" / "drawn" / f"{LAYERS[1]}.png") as drawn:
        assert drawn.size == (2 * 32, 32)
    with Image.open(views / "holiday" / f"{LAYERS[1]}.png") as mosaic:
        assert mosaic.size == (12 * CELL, 12 * CELL)
    assert b"photographs" not in (views / "holiday.json").read_bytes()


def test_the_number_of_cores_changes_no_byte(folder: Folder) -> None:
    before = results(folder)
    shutil.rmtree(folder.path / "results" / "views")

    folder.make("views", cores=1)

    assert results(folder) == before


def test_another_photograph_redraws_no_filter_and_a_moved_one_is_not_seen_again(
    folder: Folder, tmp_path: Path
) -> None:
    photos, _ = folder.config
    moved = tmp_path / "holiday.jpg"
    shutil.copy(folder.path.parent / "holiday.jpg", moved)
    new = write_photographs(tmp_path / "more", 6) / "5.jpg"

    with folder.with_config(photos, f"views={{photographs: [{moved}, owl], groups: 2}}"):
        assert folder.stale("views") == {}
    with folder.with_config(photos, f"views={{photographs: [{moved}, {new}], groups: 2}}"):
        stale = folder.stale("views")
    assert stale == {"view": 1, "mosaics": 1, "draw_groups": 1, "views": 1, "total": 4}
    with folder.with_config(photos, "views=none"):
        assert folder.stale("views") == {"views": 1, "total": 1}


def test_mosaics_are_drawn_again_when_pictures_are(folder: Folder) -> None:
    with folder.with_config(*folder.config, "grid={margin: 7}"):
        stale = folder.stale("views")

    assert stale["mosaics"] == 2
    assert "view" not in stale


def test_a_classifier_has_its_classes_and_who_speaks_for_them(
    tmp_path: Path, lite0_wheel: Path
) -> None:
    settings = {
        **SMALL,
        "network": "efficientnet_lite0",
        "filters": {"block7a_project_conv": 3, "top_conv": [0, 9]},
        "views": {"photographs": "dog", "groups": 0},
    }
    made = Folder(tmp_path / "run", tmp_path, settings)
    (made.path / ".cache").mkdir()
    (made.path / ".cache" / lite0_wheel.name).symlink_to(lite0_wheel)

    run = made.snakemake("views", "--cores", "2")

    assert run.returncode == 0, run.stdout
    views = made.path / "results" / "views"
    record = ViewRecord.from_file(views / "dog.json")
    found = AttributionRecord.from_file(views / "dog.classes.json")
    assert (record.size, record.compared, found.refusal) == (224, False, None)
    assert found.classes[0].name == "German shepherd"
    assert found.layers.keys() == record.layers.keys() == {"block7a_project_conv", "top_conv"}
    for spoken in found.layers.values():
        assert spoken[0].is_confirmed
        assert max(one.incomplete for one in spoken) <= 0.01
    assert not (views / "dog" / "drawn").exists()
    for worker in made.workers():
        worker.kill()
