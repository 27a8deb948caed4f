"""The page in Chromium, from a file, with the network off: clicks, search, keys, no complaint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra_apply.diagnostics.model import Diagnostic, Findings, Place
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.rules.table import CODES
from infra_apply.inputs.document import Document
from infra_apply.inputs.mesh import Host, Mesh
from infra_apply.map.graph import build_graph
from infra_apply.map.live_status import LiveStatus
from infra_apply.map.model import Picture
from infra_apply.map.page.build import page
from tests.bench_map import company
from tests.companies import database, fleet, gpu, service
from tests.map.browser import CHROMIUM, Browser, Page, chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]

HOSTILE = "<img src=x onerror=console.error(1)>"
MANIFEST = "/company/shop/.infra.yaml"
SHOP = service(
    "shop",
    depends_on=("catalog", HOSTILE),
    database=database("shop"),
    document=Document(MANIFEST, b""),
)
COMPANY = fleet(
    SHOP,
    replace(service("shop", host="fennel", port=8090), environment="dev", provider="mac"),
    service("catalog", host="basil", port=8081),
    service("wiki", host="basil", port=8082, depends_on=("shop",)),
    service("whisper", service=None, gpu=gpu()),
)
ERROR = Diagnostic(
    CODES["IA301"], Place(MANIFEST, 4, 2), "nobody is called that", "did you mean it?"
)
PICTURE = Picture("acme", build_graph(COMPANY), Findings((ERROR,)), "/company")
CHOSEN = '.item[data-tie="chosen"]'
ROW = ".item.row .label"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The small company's page; afterwards the console is clean and nothing was asked for."""
    yield from watched(browser, tmp_path, PICTURE)


def watched(browser: Browser, folder: Path, picture: Picture) -> Iterator[Page]:
    file = folder / "map.html"
    file.write_text(page(picture), encoding="utf-8")
    opened = Page(browser, file.as_uri())
    yield opened
    assert opened.complaints == []
    assert [url for url in opened.requests if not url.startswith(file.as_uri())] == []
    opened.close()


def chosen(opened: Page) -> list[str]:
    return opened.texts(f"{CHOSEN} .label")


def test_every_part_of_the_fleet_is_on_the_floor(opened: Page) -> None:
    titles = opened.ask("[...document.querySelectorAll('.lane')].map(one => one.ariaLabel)")
    assert titles == ["DigitalOcean", "Macs", "Databases", "GPU pools", "Outside"]
    assert opened.texts(ROW) == ["catalog", "wiki", "shop", "whisper", "shop-dev", "shop"]
    assert opened.texts("#name") == ["acme"]
    assert opened.texts("#summary") == [
        "3 hosts · 4 services · 1 database · 1 GPU pool · as declared"
    ]


def test_a_click_on_a_service_shows_its_ties_its_manifest_and_its_findings(opened: Page) -> None:
    opened.click('[data-id="service:prod/shop"]')
    assert chosen(opened) == ["shop"]
    assert opened.texts("#panel h2") == ["shop"]
    needed, needing = (
        opened.texts(f"#panel h3.{side} + ul .link") for side in ("needs", "needed-by")
    )
    assert needed == [HOSTILE, "catalog", "lime", "shop"]
    assert needing == ["wiki"]
    assert "shop/.infra.yaml" in opened.texts("#panel dd")
    assert opened.texts(".findings p") == [
        "error IA301 nobody is called that",
        "did you mean it?",
        "shop/.infra.yaml:4",
    ]
    assert opened.ask("document.querySelectorAll('#ties path').length") == 4


def test_a_click_on_a_host_shows_what_breaks_without_it(opened: Page) -> None:
    opened.click('[data-id="host:lime"]')
    assert opened.texts(".verdict") == ["Without it, 2 services no longer work."]
    assert opened.texts('[data-tie="breaks"] .label') == ["shop"]
    assert opened.texts('[data-tie="breaks-later"] .label') == ["wiki"]
    opened.click('[data-id="host:lime"]')
    assert chosen(opened) == []


def test_links_in_the_panel_lead_on_and_the_address_leads_back(opened: Page) -> None:
    opened.click('[data-id="service:prod/shop"]')
    opened.click('#panel [data-to="service:prod/catalog"]')
    assert chosen(opened) == ["catalog"]
    assert opened.ask("decodeURIComponent(location.hash)") == "#service:prod/catalog"
    opened.ask("history.back()")
    opened.settle("decodeURIComponent(location.hash) === '#service:prod/shop'")
    assert chosen(opened) == ["shop"]


@pytest.mark.parametrize(
    ("typed", "rows", "said"),
    [
        ("wiki", ["wiki"], "1 match"),
        (":8081", ["catalog"], "1 match"),
        ("fennel", ["shop-dev"], "2 matches"),
        ("SHOP 8080", ["shop"], "1 match"),
        ("nowhere", [], "Nothing matches."),
    ],
)
def test_search_leaves_what_matches(opened: Page, typed: str, rows: list[str], said: str) -> None:
    opened.press("/", *typed)
    assert opened.texts(ROW) == rows
    assert opened.texts("#matches") == [said]
    opened.press("Escape")
    assert len(opened.texts(ROW)) == 6


def test_the_environments_are_shown_alone(opened: Page) -> None:
    opened.click('[data-environment="dev"]')
    assert opened.texts(ROW) == ["shop-dev"]
    opened.press("e")
    assert len(opened.texts(ROW)) == 6


def test_the_keyboard_is_enough(opened: Page) -> None:
    opened.press("/", *"catalog", "Enter")
    assert chosen(opened) == ["catalog"]
    assert opened.ask("document.activeElement.dataset.id") == "service:prod/catalog"
    opened.press("b")
    assert opened.texts(".verdict") == ["Without it, 2 services no longer work."]
    opened.press("Escape", "Escape")
    assert chosen(opened) == []
    opened.press("ArrowDown")
    assert opened.ask("document.activeElement.dataset.id") == "service:prod/wiki"
    opened.press("Enter")
    assert chosen(opened) == ["wiki"]
    opened.press("ArrowUp", "ArrowUp")
    assert opened.ask("document.activeElement.dataset.id") == "host:basil"


def test_only_one_part_of_the_floor_is_a_stop_for_tab(opened: Page) -> None:
    assert opened.ask("document.querySelectorAll('#floor [tabindex=\"0\"]').length") == 1


def test_names_are_text_and_never_elements(opened: Page) -> None:
    assert HOSTILE in opened.texts(".of-external .label")
    assert opened.ask("document.querySelectorAll('img').length") == 0


def test_colours_follow_the_system_until_somebody_chooses(opened: Page) -> None:
    theme = "document.documentElement.dataset.theme"
    for wanted in ("dark", "light"):
        opened.prefer(wanted)
        opened.settle(f"{theme} === '{wanted}'")
    opened.press("t", "t")
    assert opened.ask(theme) == "dark"
    assert opened.texts("#theme") == ["● dark"]


def test_text_can_be_read_on_its_ground_in_both_themes(opened: Page) -> None:
    opened.ask(_CONTRAST)
    for _ in range(2):
        opened.press("t")
        assert opened.ask("tooFaint()") == []


def test_what_is_real_has_a_mark_and_words(browser: Browser, tmp_path: Path) -> None:
    looked = replace(
        PICTURE,
        live_statuses={
            "host:lime": LiveStatus("drift", "active, 203.0.113.5", ("size is a, declared b",)),
            "service:prod/shop": LiveStatus("bad", "refuses connections"),
        },
        as_of="2026-01-15 10:00 UTC",
    )
    for opened in watched(browser, tmp_path, looked):
        assert opened.texts(".foot.drift") == ["active, 203.0.113.5; size is a, declared b"]
        opened.click('[data-id="service:prod/shop"]')
        assert opened.texts(".standing") == ["refuses connections"]
        assert opened.texts("#summary")[0].endswith("as of 2026-01-15 10:00 UTC")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (900, 1100), (360, 740)])
def test_two_hundred_projects_fit_the_width_of_any_screen(
    browser: Browser, tmp_path: Path, width: int, height: int
) -> None:
    for opened in watched(browser, tmp_path, Picture("acme", build_graph(company(200)))):
        opened.resize(width, height)
        assert opened.ask("document.documentElement.scrollWidth") <= width
        assert len(opened.texts(".of-host .row")) == 240
        opened.press("/", *"ash-orders", "Enter")
        assert chosen(opened) == ["ash-orders"]
        assert opened.ask("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1440, 360])
def test_long_names_widen_neither_page_nor_panel(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    name = "a-name-that-is-much-longer-than-any-room-of-the-floor-could-ever-be-" * 2
    host = Host(name, "digitalocean", "fd00:1234:5678:9abc:def0:1234:5678:9abc")
    callers = (service(name, host=name), service("shop", host=name, depends_on=(name, "x" * 90)))
    drawn = build_graph(Fleet(callers, Mesh("mesh-hosts.json", {name: host})))
    for opened in watched(browser, tmp_path, Picture(name, drawn)):
        opened.resize(width, 740)
        for id_ in (f"service:prod/{name}", f"host:{name}", "service:prod/shop"):
            opened.click(f'[data-id="{id_}"]')
            wide = "[document.documentElement, document.getElementById('panel')]"
            assert opened.ask(f"{wide}.map(one => one.scrollWidth - one.clientWidth)") == [0, 0]


def test_hosts_are_in_the_order_a_person_counts(browser: Browser, tmp_path: Path) -> None:
    hosts = {name: Host(name, "mac") for name in ("m-10", "m-9", "m-1")}
    drawn = build_graph(Fleet((), Mesh("mesh-hosts.json", hosts)))
    for opened in watched(browser, tmp_path, Picture("acme", drawn)):
        assert opened.texts(".head .label") == ["m-1", "m-9", "m-10"]


def test_it_prints_without_what_only_a_screen_needs(opened: Page) -> None:
    opened.call("Emulation.setEmulatedMedia", media="print")
    assert opened.texts(".tools button, #search, #ties") == []
    assert len(opened.texts(ROW)) == 6


# WCAG 2.1, 1.4.3: 4.5 to 1, here for every visible text on its first opaque ground.
_CONTRAST = """
globalThis.tooFaint = () => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [red, green, blue] = numbers(colour).map((one) => one / 255)
      .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    if (/^rgb\\(/.test(colour)) return colour;
    return element.parentElement ? ground(element.parentElement) : "rgb(255,255,255)";
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const element = text.parentElement;
    const read = text.data.trim() && element.checkVisibility();
    if (!read || element.closest("script, style, noscript")) continue;
    const [one, other] = [light(getComputedStyle(element).color), light(ground(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) found.push(`${text.data.trim()}: ${contrast.toFixed(2)}`);
  }
  return found;
};
"""
