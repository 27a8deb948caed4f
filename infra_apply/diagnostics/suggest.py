"""The nearest of the known names, for "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name a word is most likely a slip for, if there is one.

    Case and `_` for `-` do not count; then the fewest letters put in, left out, changed or swapped
    with their neighbour; then the only name that has the word as its beginning or as a part.
    """
    if len(word) > _LONGEST:
        return None
    folded = _folded(word)
    limit = min(3, 1 + len(folded) // 5, (len(folded) - 1) // 2)
    best: tuple[int, str] | None = None
    related = []
    for name in sorted(known):
        other = _folded(name)
        if abs(len(other) - len(folded)) <= limit:
            steps = _distance(folded, other, limit if best is None else best[0] - 1)
            if steps is not None:
                best = (steps, name)
                if steps == 0:
                    break
        if len(folded) >= _TELLING and (other.startswith(folded) or folded in other.split("-")):
            related.append(name)
    if best is not None:
        return best[1]
    return related[0] if len(related) == 1 else None


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "") -> str | None:
    """Return a hint: the nearest name, or all of them when there are few."""
    names = sorted(set(known))
    if near := nearest(word, names):
        return f"did you mean `{near}`?"
    if otherwise:
        return otherwise
    if not names:
        return None
    listing = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return f"known are {listing}" + (" and more" if len(names) > _SHOWN else "")


def _distance(word: str, other: str, limit: int) -> int | None:
    """Return how many slips of one letter lie between two words, None if more than `limit`."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(word, start=1):
        line = [row]
        for column, there in enumerate(other, start=1):
            steps = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != there))
            if row > 1 and column > 1 and letter == other[column - 2] and there == word[row - 2]:
                steps = min(steps, before[column - 2] + 1)
            line.append(steps)
        if min(line) > limit:
            return None
        before, last = last, line
    return last[-1] if last[-1] <= limit else None


def _folded(word: str) -> str:
    return word.casefold().replace("_", "-")


_SHOWN = 12
_LONGEST = 200
_TELLING = 3
