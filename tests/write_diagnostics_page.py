"""Write docs/diagnostics.md from the codes and the invalid companies: `python -m` this module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from infra_apply.fleet.rules.table import CODES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "diagnostics.md"
EXAMPLES = ROOT / "tests" / "manifests" / "invalid"
LONGEST = 40
"""Lines of a file that is shown as it is."""


def page() -> str:
    """Return the page: a table of all codes, then each with why, fix and an example."""
    return "\n".join([*_head(), *(line for code in sorted(CODES) for line in _section(code))])


def _head() -> Iterator[str]:
    yield "# Diagnostics"
    yield ""
    yield "Every finding of `infra-apply check` has a code, and every code belongs to a rule."
    yield "`infra-apply explain IA201` prints what stands here. An error stops every stack; a"
    yield "warning is shown, and stops nothing unless `--strict` is given. What only a look at the"
    yield "account can tell (rule `cloud`) is found when a stack is previewed."
    yield ""
    yield "This page is written by `python -m tests.write_diagnostics_page`."
    yield ""
    yield "| code | rule | severity | |"
    yield "|---|---|---|---|"
    for name, code in sorted(CODES.items()):
        yield f"| [{name}](#{name.lower()}) | {code.rule} | {code.severity} | {code.title} |"
    yield ""


def _section(name: str) -> Iterator[str]:
    code = CODES[name]
    yield f'<a id="{name.lower()}"></a>'
    yield ""
    yield f"## {name}: {code.title}"
    yield ""
    yield f"Rule `{code.rule}`, {code.severity}."
    yield ""
    yield f"**Why**: {code.why}."
    yield ""
    yield f"**Fix**: {code.fix}."
    yield ""
    for example in _examples(name)[:1]:
        yield from _example(name, example)


def _examples(code: str) -> list[Path]:
    """Return the companies that show a code, those that are named after it first."""
    companies = [
        company
        for company in sorted(EXAMPLES.iterdir())
        if f"[{code}]" in _text(company / "expected.txt")
    ]
    return sorted(companies, key=lambda company: code not in company.name)


def _example(code: str, folder: Path) -> Iterator[str]:
    blocks = [
        block
        for block in _text(folder / "expected.txt").split("\n\n")
        if f"[{code}]" in block.splitlines()[0]
    ]
    file = _file(blocks[0])
    source = folder / file
    if source.is_file() and _can_be_shown(source):
        yield f"**Example**, `{file}`:"
        yield ""
        yield from ("```yaml", _text(source).rstrip("\n"), "```", "")
    else:
        yield "**Example**:"
        yield ""
    # What follows the last finding says what was not checked, and how many there were.
    output = re.sub(r"\n(?:not checked: .*\n)*\d+ manifests?: .*\n?$", "", "\n\n".join(blocks[:2]))
    yield from ("```text", output.rstrip("\n"), "```", "")


def _file(block: str) -> str:
    match = re.match(r"(.+?)(?::\d+:\d+)?: (?:error|warning)\[", block)
    return match[1] if match else ""


def _can_be_shown(file: Path) -> bool:
    if file.suffix != ".yaml":
        return False
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return False
    readable = all(line.replace("\t", "").isprintable() and len(line) < 120 for line in lines)
    return 0 < len(lines) <= LONGEST and readable


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
