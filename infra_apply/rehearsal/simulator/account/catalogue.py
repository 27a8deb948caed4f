"""Sizes, regions, images and the account's own description: only ever read."""

from __future__ import annotations

from infra_apply.rehearsal.simulator.account.messages import (
    Call,
    Object,
    Response,
    Result,
    State,
    not_found,
)
from infra_apply.rehearsal.simulator.account.paging import page


def list_sizes(state: State, call: Call) -> Result:
    return state, page(call, "sizes", state["sizes"])


def list_regions(state: State, call: Call) -> Result:
    return state, page(call, "regions", state["regions"])


def list_images(state: State, call: Call) -> Result:
    """GET /v2/images: `type` (distribution, application) and `private` filter."""
    images = state["images"]
    if call.query.get("private") == "true":
        images = [image for image in images if not image["public"]]
    if call.query.get("type") == "application":
        images = []
    return state, page(call, "images", images)


def get_image(state: State, call: Call) -> Result:
    image = find_image(state, call.params["image"])
    if image is None:
        raise not_found()
    return state, Response(200, {"image": image})


def get_account(state: State, _call: Call) -> Result:
    return state, Response(200, {"account": state["account"]})


def find_image(state: State, identifier: str) -> Object | None:
    """Return the image with this slug or numeric id, if there is one."""
    return next(
        (image for image in state["images"] if identifier in {image["slug"], str(image["id"])}),
        None,
    )


def find_size(state: State, slug: str) -> Object | None:
    return next((size for size in state["sizes"] if size["slug"] == slug), None)


def find_region(state: State, slug: str) -> Object | None:
    return next((region for region in state["regions"] if region["slug"] == slug), None)


def is_gpu_size(slug: str) -> bool:
    return slug.startswith("gpu-")
