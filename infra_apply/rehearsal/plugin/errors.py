"""What a resource type's functions raise, worded as the real provider words it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra_apply.rehearsal.plugin.client import ApiError
from infra_apply.rehearsal.plugin.values import Object


class ProviderError(Exception):
    """The operation failed; worded as the real provider words it."""


class InitFailed(Exception):
    """The resource was created, but did not become ready: its id, known outputs and the reason."""

    def __init__(self, identifier: str, outputs: Object, reason: str) -> None:
        super().__init__(reason)
        self.identifier = identifier
        self.outputs = outputs


@contextmanager
def reported_as(operation: str) -> Iterator[None]:
    """Raise ProviderError("<operation>: <answer>") for an ApiError of the block or function."""
    try:
        yield
    except ApiError as error:
        raise ProviderError(f"{operation}: {error}") from error
