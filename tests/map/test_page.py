"""The page's bytes: self-contained, the same every time, and safe whatever a manifest says."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from infra_apply.map.graph import build_graph
from infra_apply.map.model import Picture
from infra_apply.map.page.build import embedded, page
from infra_apply.terminal.safe_text import printable
from tests.companies import fleet, service

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>{{script}}\u2028&amp;"
TEXTS = st.text() | st.sampled_from([HOSTILE, "<!--", "]]>", "</SCRIPT >"])


class Elements(HTMLParser):
    """The elements of a page, each with its attributes and the text directly in it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.found:
            tag, attributes, text = self.found[-1]
            self.found[-1] = (tag, attributes, text + data)

    def of(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attributes, text) for name, attributes, text in self.found if name == tag]


def drawn(name: str) -> Picture:
    return Picture(name, build_graph(fleet(service(name, depends_on=("catalog",)))))


@given(TEXTS)
def test_embedded_json_holds_any_text_and_ends_no_element(text: str) -> None:
    made = embedded({"name": text})
    assert json.loads(made) == {"name": text}
    assert not set("<>&\u2028\u2029") & set(made)


def test_nothing_a_manifest_says_becomes_an_element() -> None:
    plain, hostile = (Elements(page(drawn(name))) for name in ("shop", HOSTILE))
    assert [tag for tag, _, _ in hostile.found] == [tag for tag, _, _ in plain.found]
    data = next(text for attributes, text in hostile.of("script") if attributes.get("id"))
    assert json.loads(data)["name"] == HOSTILE
    assert hostile.of("title")[0][1].strip() == f"{printable(HOSTILE)}: the fleet"


def test_the_page_asks_the_network_for_nothing() -> None:
    elements = Elements(page(drawn("shop")))
    assert not [
        attributes
        for _, attributes, _ in elements.found
        if {"src", "href", "srcset", "action"} & attributes.keys()
    ]
    style = elements.of("style")[0][1]
    assert not re.search(r"@import|url\(|https?:", style)
    policy = next(
        attributes["content"] or ""
        for attributes, _ in elements.of("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert page(drawn("shop")) == page(drawn("shop"))
