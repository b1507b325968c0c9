"""Pages of a site, read with a parser as a browser would read them."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

VOID = {"meta", "link", "img", "input", "path"}
INLINE = {"a", "code", "em", "kbd", "small", "span", "strong"}

Element = tuple[str, dict[str, str | None]]


@dataclass
class Page(HTMLParser):
    """The elements of a page. It checks that they nest, and keeps those of templates apart."""

    elements: list[Element] = field(default_factory=list)
    inert: list[Element] = field(default_factory=list)
    text: str = ""
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute of <{tag}> is given twice"
        kept = self.inert if "template" in self.open else self.elements
        kept.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag
        if tag not in INLINE:
            self.text += " "

    def handle_data(self, data: str) -> None:
        if "template" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def ids(self) -> list[str | None]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]

    def links(self) -> Iterator[tuple[str, str]]:
        """Tag and URL of everything that leads elsewhere or is loaded from there."""
        for tag, attributes in self.elements:
            url = attributes.get("href") or attributes.get("src")
            if url:
                yield tag, url


class Skimmed:
    """The links and ids of a page, found without a parser: for thousands of pages.

    It finds the same as `Page` if the markup is as regular as that of the templates.
    """

    def __init__(self, html: str) -> None:
        self._html = re.sub(r"<template>.*?</template>", "", html, flags=re.DOTALL)

    def links(self) -> Iterator[tuple[str, str]]:
        """Tag and URL of everything that leads elsewhere or is loaded from there."""
        for tag, url in re.findall(r'<(\w+)[^<>]* (?:href|src)="([^"]+)"', self._html):
            yield tag, unescape(url)

    def ids(self) -> list[str]:
        return re.findall(r' id="([^"]*)"', self._html)


class Read(Protocol):
    """A page whose links and ids are known."""

    def links(self) -> Iterator[tuple[str, str]]: ...

    def ids(self) -> Sequence[str | None]: ...


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


def files(out: Path) -> list[Path]:
    return [path for path in out.rglob("*") if path.is_file()]


def snapshot(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in files(out)}


def skim(out: Path) -> dict[Path, Skimmed]:
    return {path: Skimmed(path.read_text(encoding="utf-8")) for path in out.rglob("*.html")}


def follow_every_link(out: Path, site: Mapping[Path, Read]) -> int:
    """Check that every link of a site leads to one of its files, and to an id that exists there.

    Links to other hosts may only be links to read, not pictures, styles or scripts.

    Returns:
        How many links lead within the site.
    """
    out = out.resolve()
    present = {str(path.resolve()) for path in files(out)}
    ids = {str(path.resolve()): set(page.ids()) for path, page in site.items()}
    followed = 0
    for path, page in site.items():
        here = str(path.resolve())
        folder = os.path.dirname(here)
        for tag, url in page.links():
            parts = urlsplit(url)
            if parts.scheme:
                assert tag == "a", f"{path}: <{tag}> asks another host for {url}"
                continue
            target = here
            if parts.path:
                target = os.path.normpath(os.path.join(folder, unquote(parts.path)))
            assert target in present, f"{path}: {url} leads nowhere"
            # A fragment with "=" is a view that a script shows, not a place on the page.
            if parts.fragment and "=" not in parts.fragment:
                assert unquote(parts.fragment) in ids[target], f"{path}: no place {url}"
            followed += 1
    return followed


def handed_over(script: str) -> tuple[str, Any]:
    """The name and the value that a script hands over to the page."""
    [(name, value)] = re.findall(r"^FilterAtlas\.data\((\"[^\"]*\"),(.*)\);\n$", script, re.DOTALL)
    return json.loads(name), json.loads(value)
