"""Puts an engine into the user's cache: the vendor's release, else a build from Go modules."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from infra_apply.engine.child_process import ChildFailed
from infra_apply.engine.install import build, find, vendor
from infra_apply.engine.install.find import VERSION, Engine
from infra_apply.engine.install.lock import held
from infra_apply.engine.language import files
from infra_apply.errors import Outage, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from infra_apply.terminal import StatusLine

FROM = "INFRA_APPLY_ENGINE_FROM"
"""Environment: `registry` leaves the vendor's installer out, for machines that may only reach
package registries. Unset or empty tries every way."""

_STAGING = ".staging-"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to get an engine: fills a folder (`bin/pulumi` in it) or raises ChildFailed."""

    name: str
    origin: Literal["vendor", "build"]
    fill: Callable[[Path, Mapping[str, str], StatusLine], None]


VENDOR = Way("the vendor's installer", "vendor", vendor.fill)
BUILD = Way("a build from Go modules", "build", build.fill)


def install(
    environment: Mapping[str, str], progress: StatusLine, ways: Sequence[Way] | None = None
) -> Engine:
    """The engine to use; installed into the cache unless one is found.

    One process installs at a time: a second waits and finds what the first made. An interrupted
    or killed install leaves no engine and no litter beyond the next install. Raises Usage for a
    wrong `INFRA_APPLY_ENGINE_FROM` and Outage, with every way's reason, when no way works.
    """
    chosen = _ways(environment) if ways is None else ways
    if found := _present(environment, progress):
        return found
    folder = find.cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with held(folder / "lock", progress):
            if found := _present(environment, progress, repeat=False):
                return found
            _clear_leftovers(folder)
            return _try_each(chosen, environment, progress)
    except OSError as error:
        raise Outage(
            f"installing an engine below {folder}: {error}",
            state="no engine was installed",
            next_step="make that folder writable, or set XDG_CACHE_HOME to one that is",
        ) from error
    finally:
        progress.end()


def _ways(environment: Mapping[str, str]) -> tuple[Way, ...]:
    given = environment.get(FROM, "")
    if given not in {"", "registry"}:
        raise Usage(
            f"{FROM}={given} is not known",
            next_step=f"unset it, or set {FROM}=registry to build from package registries only",
        )
    return (BUILD,) if given else (VENDOR, BUILD)


def _present(
    environment: Mapping[str, str], progress: StatusLine, *, repeat: bool = True
) -> Engine | None:
    """Give the engine that is there, the language host in a built one brought up to date."""
    for each in find.look(environment):
        if isinstance(each, Engine):
            if each.origin == "cache" and files.are_in(each.path.parent):
                _refresh_language_host(each.path.parent)
            return each
        if repeat:
            progress.say(f"engine: skipped: {each.why}")
    return None


def _refresh_language_host(bin_folder: Path) -> None:
    # A read-only cache (a shared image) keeps the host that it was built with.
    with contextlib.suppress(OSError):
        files.put(bin_folder)


def _clear_leftovers(folder: Path) -> None:
    """Remove what killed installs left. The lock is held, so none of it is in use."""
    for leftover in folder.glob(f"{_STAGING}*"):
        # Go keeps its module cache read-only; nothing of it is staged, but be sure.
        shutil.rmtree(leftover, ignore_errors=True)


def _try_each(ways: Sequence[Way], environment: Mapping[str, str], progress: StatusLine) -> Engine:
    refused: list[str] = []
    for way in ways:
        folder = find.cache_folder()
        with tempfile.TemporaryDirectory(
            prefix=_STAGING, dir=folder, ignore_cleanup_errors=True
        ) as staging:
            root = Path(staging, "root")
            root.mkdir()
            try:
                way.fill(root, environment, progress)
                return _move_in(root, way, environment)
            except ChildFailed as failed:
                refused.append(f"{way.name}: {failed}")
                progress.say(f"engine: {way.name} did not work: {failed}")
    tried = "\n  ".join(refused)
    raise Outage(
        f"no Pulumi engine could be installed. Tried:\n  {tried}",
        state="no engine was installed; nothing was changed",
        next_step=(
            f"put pulumi >= {VERSION} on PATH, or give this machine access to a Go module"
            " registry and run `infra-apply engine install` again"
        ),
    )


def _move_in(root: Path, way: Way, environment: Mapping[str, str]) -> Engine:
    """Move a filled folder into its place in one step, once its engine has shown that it runs."""
    fresh = root / "bin" / "pulumi"
    try:
        version = find.version_of(fresh, environment)
    except ValueError as reason:
        raise ChildFailed(f"the engine it made {reason}") from None
    place = find.cached_binary().parent.parent
    if place.exists():  # it does not run, or it would have been found
        place.rename(root.with_name("broken"))
    root.replace(place)
    engine = find.find(environment)
    if engine is None:
        raise ChildFailed("the engine it made has no language host for Python")
    return dataclasses.replace(
        engine, version=version, origin=way.origin, why=f"installed now by {way.name}"
    )
