"""Tests with real servers are left out where this machine, or who uses it, cannot have one."""

from __future__ import annotations

from functools import cache

import pytest

from infra_apply.rehearsal.postgres.binaries import Unavailable, find_installations


def require_postgres() -> None:
    """Skip the test where PostgreSQL cannot be had; the reason is in pytest's summary."""
    if reason := _why_not():
        pytest.skip(f"no PostgreSQL here: {reason}")


@cache
def _why_not() -> str:
    try:
        find_installations()
    except Unavailable as reason:
        return str(reason)
    return ""
