"""The nearest of the known names, for "did you mean"."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name most like a word that is not one of them, if any is like it."""
    by_folded = {_folded(name): name for name in sorted(known, reverse=True)}
    found = difflib.get_close_matches(_folded(word), by_folded, n=1, cutoff=0.7)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "") -> str | None:
    """Return a hint: the nearest name, or all of them when there are few."""
    names = sorted(set(known))
    if near := nearest(word, names):
        return f"did you mean `{near}`?"
    if otherwise:
        return otherwise
    if not names:
        return None
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return f"known are {shown}" + (" and more" if len(names) > _SHOWN else "")


def _folded(word: str) -> str:
    return word.casefold().replace("_", "-")


_SHOWN = 12
