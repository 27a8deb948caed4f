"""A picture as one self-contained page: no network, no build step."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import Any, Final

from infra_apply.map.json import as_json
from infra_apply.map.model import LANES, Picture
from infra_apply.terminal.safe_text import printable, safe_json


def page(picture: Picture) -> str:
    """Return the page. The same picture gives the same bytes.

    Only the page's own script and style may run (its content security policy holds their hashes),
    so that nothing a manifest says can become code, even if something were not escaped.
    """
    style = _part("page.css")
    script = "\n".join(_part(name) for name in _SCRIPTS)
    lanes = [{"id": lane, "title": title} for lane, title in LANES.items()]
    parts = {
        "policy": f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'",
        "title": html.escape(printable(picture.name)),
        "style": style,
        "script": script,
        "data": embedded({**as_json(picture), "lanes": lanes}),
    }
    # In one pass, so that what is filled in is never looked at for places to fill in.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _part("page.html"))


def embedded(value: Any) -> str:
    """Write JSON that can stand inside a script element, whatever texts it holds.

    A `<` could begin `</script>` or `<!--`.
    """
    text = safe_json(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


_SCRIPTS: Final = ("fleet.js", "floor.js", "ties.js", "panel.js", "page.js")
"""One module once they are joined: each uses what those before it define."""


def _part(name: str) -> str:
    return (files("infra_apply.map.page") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
