"""What a resource type's functions raise, worded as the real provider words it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra_apply.rehearsal.plugin.client import NOT_FOUND, ApiError
from infra_apply.rehearsal.plugin.values import Object


class ProviderError(Exception):
    """The operation failed; worded as the real provider words it."""


class ImportFailed(ProviderError):
    """What is to be imported could not even be looked up."""


class InitFailed(Exception):
    """The resource was created, but did not become ready: its id, known outputs and the reason."""

    def __init__(self, identifier: str, outputs: Object, reason: str) -> None:
        super().__init__(reason)
        self.identifier = identifier
        self.outputs = outputs


class Vanished(Exception):
    """What was just made or changed is 404; the real provider then keeps nothing of it."""


@contextmanager
def reported_as(operation: str) -> Iterator[None]:
    """Raise ProviderError("<operation>: <answer>") for an ApiError of the block or function."""
    try:
        yield
    except ApiError as error:
        raise ProviderError(f"{operation}: {error}") from error


@contextmanager
def read_back(operation: str) -> Iterator[None]:
    """Read what was just made or changed: `reported_as`, but Vanished for 404."""
    try:
        with reported_as(operation):
            yield
    except ProviderError as error:
        if isinstance(error.__cause__, ApiError) and error.__cause__.status == NOT_FOUND:
            raise Vanished from error
        raise


@contextmanager
def created(identifier: str, outputs: Object) -> Iterator[None]:
    """Raise InitFailed for a ProviderError of the block: what was made before it stays."""
    try:
        yield
    except ProviderError as error:
        raise InitFailed(identifier, outputs, str(error)) from error
