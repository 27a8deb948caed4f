"""`infra-apply`, whose waits are divided by the rehearsal's clock as those of the account are."""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module
from types import SimpleNamespace
from typing import Final

from infra_apply.cli.main import main

CLOCK: Final = float(os.environ["INFRA_APPLY_REHEARSAL_CLOCK"])


def quick_sleep(seconds: float) -> None:
    """Sleep for seconds of the account's time."""
    time.sleep(seconds / CLOCK)


def quick_monotonic() -> float:
    """Return seconds of the account's time."""
    return time.monotonic() * CLOCK


if __name__ == "__main__":
    quick = SimpleNamespace(sleep=quick_sleep, monotonic=quick_monotonic)
    vars(import_module("infra_apply.cli.common.real_account"))["time"] = quick
    sys.exit(main())
