"""Sizes, regions and images: read-only lists that the account was seeded with."""

from __future__ import annotations

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.wire import (
    Answer,
    Call,
    Object,
    Response,
    State,
    not_found,
)


def list_sizes(state: State, call: Call) -> Answer:
    return state, store.page(call, "sizes", state["sizes"])


def list_regions(state: State, call: Call) -> Answer:
    return state, store.page(call, "regions", state["regions"])


def list_images(state: State, call: Call) -> Answer:
    """GET /v2/images: `type` (distribution, application) and `private` filter."""
    images = state["images"]
    if call.query.get("private") == "true":
        images = [image for image in images if not image["public"]]
    if call.query.get("type") == "application":
        images = []
    return state, store.page(call, "images", images)


def get_image(state: State, call: Call) -> Answer:
    image = find_image(state, call.path["image"])
    if image is None:
        raise not_found()
    return state, Response(200, {"image": image})


def get_account(state: State, _call: Call) -> Answer:
    return state, Response(200, {"account": state["account"]})


def find_image(state: State, identifier: str) -> Object | None:
    """The image with this slug or numeric id."""
    for image in state["images"]:
        if identifier in {image["slug"], str(image["id"])}:
            found: Object = image
            return found
    return None


def find_size(state: State, slug: str) -> Object | None:
    return next((size for size in state["sizes"] if size["slug"] == slug), None)


def find_region(state: State, slug: str) -> Object | None:
    return next((region for region in state["regions"] if region["slug"] == slug), None)
