"""Whom a dependency means, and the circles among them."""

from __future__ import annotations

from infra_apply import naming
from infra_apply.fleet.dependencies import circles, edges
from infra_apply.inputs.manifest import Manifest
from tests.companies import fleet, service


def names_of(*manifests: Manifest) -> list[list[str]]:
    """The dependents of every circle, by their instances' names."""
    return [
        [naming.instance(*dependent.instance) for dependent, _ in circle]
        for circle in circles(fleet(*manifests))
    ]


def test_a_chain_has_no_circle() -> None:
    assert names_of(service("a", depends_on=("b",)), service("b", depends_on=("c",))) == []


def test_a_circle_is_told_by_a_shortest_way_from_its_first_name() -> None:
    assert names_of(
        service("d", depends_on=("b",)),
        service("c", depends_on=("d", "b")),
        service("b", depends_on=("c",)),
        service("a", depends_on=("b",)),
    ) == [["b", "c"]]


def test_an_instance_that_is_declared_twice_names_itself_no_more_than_another_does() -> None:
    twice = (service("a"), service("a", depends_on=("a",)))
    assert list(edges(fleet(*twice))) == []


def test_two_instances_that_would_get_one_name_are_still_two() -> None:
    """`shop` in dev and the project `shop-dev` are both called shop-dev, and are no circle."""
    assert (
        names_of(
            service("shop", depends_on=("wiki",), environment="dev"),
            service("wiki", depends_on=("shop-dev",), environment="dev"),
            service("shop-dev"),
        )
        == []
    )


def test_a_circle_through_many_layers_is_found_at_once() -> None:
    """The ways through it are 12 to the power of 12; only nodes are counted, not ways."""
    layers = [[f"l{depth:02}-{index:02}" for index in range(12)] for depth in range(12)]
    manifests = [service("a", depends_on=tuple(layers[0]))]
    for layer, following in zip(layers, [*layers[1:], ["a"]], strict=True):
        manifests += [service(name, depends_on=tuple(following)) for name in layer]
    (way,) = names_of(*manifests)
    assert way == ["a", *(layer[0] for layer in layers)]
