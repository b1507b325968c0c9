"""The site's data: scripts for its own pages, and tables with a description to download."""

import csv
import io
import json
import re
from collections.abc import Callable

import jsonschema
import pytest

from filter_atlas.base import paths
from filter_atlas.base.rotations import Symmetry
from filter_atlas.measure import table
from filter_atlas.measure.measures import MEASURES
from filter_atlas.measure.record import Record
from filter_atlas.site import data
from filter_atlas.site.colour import COLOURS
from filter_atlas.twins import report
from filter_atlas.workflow.plan import LayerPlan

from .reading import handed_over
from .results import Run

FIRST = LayerPlan("block1_conv1", "conv1_1", 64, (0, 1, 3))
SECOND = LayerPlan("block4_conv3", "conv4_3", 512, (5, 300))


@pytest.fixture
def few(make_run: Callable[..., Run]) -> Run:
    """A run of five filters in two layers, with a pair of twins."""
    run = make_run(FIRST, SECOND)
    run.find_twins(("block1_conv1", 0, 3, Symmetry(90, False)))
    return run


def test_the_search_has_a_value_of_every_sortable_measure_for_every_filter(few: Run) -> None:
    few.build()

    name, search = handed_over(few.page("data/search.js"))

    assert name == "search"
    assert search["colours"] == list(COLOURS)
    assert [(one["name"], one["paper"], one["file"]) for one in search["layers"]] == [
        ("block1_conv1", "conv1_1", "block1_conv1"),
        ("block4_conv3", "conv4_3", "block4_conv3"),
    ]
    assert [one["filter"] for one in search["layers"]] == [[0, 1, 3], [5, 300]]
    assert [one["flags"] for one in search["layers"]] == [{"twin": [1, 0, 1]}, {"twin": [0, 0]}]
    assert search["layers"][1]["measures"]["final_activation"] == [205.0, 500.0]
    for layer in search["layers"]:
        assert list(layer["measures"]) == [one.name for one in MEASURES if one.orders]
        for column in (layer["colour"], *layer["measures"].values()):
            assert len(column) == len(layer["filter"])


def test_the_search_knows_the_address_of_every_thumbnail(few: Run) -> None:
    few.build()

    _, search = handed_over(few.page("data/search.js"))

    for layer in search["layers"]:
        for index in layer["filter"]:
            assert (few.out / layer["thumbnail_url"].replace("*", str(index))).is_file()


def test_scripts_sort_by_four_digits(few: Run) -> None:
    few.note("block4_conv3", 5, final_activation=1234.567)
    few.note("block4_conv3", 300, final_activation=0.000123456)
    few.build()

    _, layer = handed_over(few.page("data/block4_conv3.js"))

    assert layer["measures"]["final_activation"] == [1235.0, 0.0001235]


def test_a_filter_without_a_value_has_none_to_sort_by(few: Run) -> None:
    few.note("block4_conv3", 5, shift_robustness=None)
    few.build()

    _, layer = handed_over(few.page("data/block4_conv3.js"))

    assert layer["measures"]["robustness"] == [None, 0.625]


def test_texts_that_all_panels_of_a_layer_share_are_stored_once(few: Run) -> None:
    few.build()

    _, layer = handed_over(few.page("data/block1_conv1/0.js"))

    assert {"seed", "recipe", "weights", "code", "versions"} <= layer["common"].keys()
    assert {"name", "activation", "command", "citation"} <= set(layer["names"])
    assert layer["common"].keys().isdisjoint(layer["names"])
    at = layer["names"].index("name")
    assert [texts[at] for texts in layer["texts"]] == [
        f"Filter {index} of block1_conv1" for index in (0, 1, 3)
    ]


def test_a_layer_of_one_filter_shares_no_texts(make_run: Callable[..., Run]) -> None:
    run = make_run(LayerPlan("block1_conv1", "conv1_1", 64, (7,)))
    run.build()

    _, layer = handed_over(run.page("data/block1_conv1/0.js"))

    assert layer["common"] == {}
    assert len(layer["texts"][0]) == len(layer["names"]) > 20


def test_a_part_has_the_panels_of_neighbouring_indices(few: Run) -> None:
    few.build()

    for part, index in ((0, 5), (300 // data.PART, 300)):
        name, found = handed_over(few.page(f"data/block4_conv3/{part}.js"))
        assert name == f"block4_conv3/{part}"
        assert found["filter"] == [index]
        assert {len(found[one]) for one in ("texts", "addresses", "losses")} == {1}
        assert {len(links) for links in found["links"].values()} == {1}
    assert len(list((few.out / "data" / "block4_conv3").iterdir())) == 2


def test_a_name_with_quotes_and_markup_is_only_data(
    make_run: Callable[..., Run],
) -> None:
    name = '");alert(1);//</script>\\\u2028'
    run = make_run(LayerPlan(name, "odd", 1, (0,)))
    run.build()

    [script] = [path for path in (run.out / "data").glob("*.js") if path.stem != "search"]
    stem, layer = handed_over(script.read_text("utf-8"))

    assert layer["name"] == name
    assert stem == layer["file"] == script.stem
    _, search = handed_over(run.page("data/search.js"))
    assert [one["name"] for one in search["layers"]] == [name]


# --- downloads ---


def test_every_table_of_the_package_has_the_columns_that_its_description_names(few: Run) -> None:
    few.build()
    package = json.loads(few.page("data/datapackage.json"))

    assert [one["path"] for one in package["resources"]] == [
        "filters.csv",
        "twins/block1_conv1.csv",
        "twins/block4_conv3.csv",
    ]
    for resource in package["resources"]:
        header, *_ = csv.reader(io.StringIO(few.page(f"data/{resource['path']}")))
        assert [field["name"] for field in resource["schema"]["fields"]] == header


READS: dict[str, Callable[[str], object]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": {"true": True, "false": False}.__getitem__,
}


def test_every_cell_of_the_tables_has_the_type_in_the_package(few: Run) -> None:
    none = dict.fromkeys(("shift_robustness", "rotation_robustness", "z_score"))
    few.note("block4_conv3", 5, final_activation=0.0, start_activation=0.0, **none)
    few.build()
    package = json.loads(few.page("data/datapackage.json"))

    cells = 0
    for resource in package["resources"]:
        types = {field["name"]: field["type"] for field in resource["schema"]["fields"]}
        for row in csv.DictReader(io.StringIO(few.page(f"data/{resource['path']}"))):
            for column, cell in row.items():
                if cell not in resource["schema"]["missingValues"]:
                    READS[types[column]](cell)
                    cells += 1
    assert cells > 5 * 15


def test_names_in_a_package_are_unique_and_allowed_by_the_standard(
    make_run: Callable[..., Run],
) -> None:
    run = make_run(LayerPlan("Conv_1/A b", "a", 2, (0, 1)), LayerPlan("Ünder", "b", 2, (0, 1)))
    run.find_twins()
    run.build()

    names = [one["name"] for one in json.loads(run.page("data/datapackage.json"))["resources"]]

    assert len(set(names)) == 3
    assert [name for name in names if not re.fullmatch(r"[-a-z0-9._]+", name)] == []


def test_the_package_names_the_recipe_and_the_author_of_the_weights(few: Run) -> None:
    few.build()

    package = json.loads(few.page("data/datapackage.json"))

    assert package["title"] == "Filter Atlas of VGG16"
    assert package["description"] == "Recipe atlas, seed 7."
    assert package["contributors"] == [
        {"title": few.metadata.weights_credit, "role": "author of the weights"}
    ]


def test_a_record_matches_its_schema(few: Run) -> None:
    schema = json.loads(data.record_schema())
    record = json.loads(few.path(paths.record("block4_conv3", 5)).read_text())

    jsonschema.validate(record, schema)
    assert schema["properties"].keys() == record.keys() == Record.__dataclass_fields__.keys()
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**record, "final_activation": "much"}, schema)


@pytest.mark.parametrize("meanings", [table.MEANINGS, report.MEANINGS])
def test_types_of_columns_are_those_of_the_standard(meanings: dict[str, tuple[str, str]]) -> None:
    assert {kind for kind, _ in meanings.values()} <= READS.keys()
    assert all(meaning for _, meaning in meanings.values())
