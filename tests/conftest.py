"""What holds for every test."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Tests that interrupt what they started must see it end, whatever started them.

    A background job of a script is started with SIGINT ignored, and so would be its children.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
