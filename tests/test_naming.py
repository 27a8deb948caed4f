from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from infra_apply import naming
from infra_apply.fleet.characters import _NAME_PATTERN


@given(st.text(max_size=40))
def test_what_a_tag_cannot_hold_is_replaced(text: str) -> None:
    tag = naming.tag_text(text)
    assert not tag or naming.is_tag(tag) or len(tag) > 255


ASCII_CASE = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@given(st.text("aAxX_2eE.:-", max_size=9), st.text("aAxX_2eE.:-", max_size=9))
def test_two_texts_never_become_one_tag_in_whatever_case(first: str, second: str) -> None:
    """DigitalOcean's tags are the same in any case."""
    is_same_tag = naming.tag_text(first).lower() == naming.tag_text(second).lower()
    assert is_same_tag == (first.translate(ASCII_CASE) == second.translate(ASCII_CASE))


names = st.text("ab:x_3-", min_size=1, max_size=6)


@given(names, names, names, names)
def test_two_slots_of_two_fleets_never_have_one_tag(
    fleet: str, pool: str, other_fleet: str, other_pool: str
) -> None:
    tags = {
        naming.slot_tag(fleet, pool, "aaaaaa"),
        naming.slot_tag(other_fleet, other_pool, "aaaaaa"),
    }
    assert (len(tags) == 1) == ((fleet, pool) == (other_fleet, other_pool))
    assert naming.former_slot_tag(pool, "aaaaaa") not in tags


def test_a_slot_s_droplet_is_told_from_others_by_its_name() -> None:
    assert naming.slot_of_droplet("geo.api-dev-gpu-K3x7qa") == ("geo.api-dev", "k3x7qa")
    for name in ("train", "train-gpu-", "train-gpu-k3x7q", "train-gpu-a1b2c3", "-gpu-k3x7qa"):
        assert naming.slot_of_droplet(name) is None


@given(st.text(max_size=20), st.text(max_size=20))
def test_two_texts_never_become_one_tag(first: str, second: str) -> None:
    assert (naming.tag_text(first) == naming.tag_text(second)) == (first == second)


def test_a_usual_name_is_its_own_tag() -> None:
    assert naming.project_tag("shop_api-2") == "project:shop_api-2"
    assert naming.cluster_tag("shared.pg") == "db:shared_x2e_pg"
    assert naming.owner_tag("acme", "prod") == "infra-apply:acme:prod"


def test_an_instance_of_prod_is_called_like_its_project() -> None:
    assert naming.instance("shop", "prod") == "shop"
    assert naming.instance("shop", "dev") == "shop-dev"


def test_a_dependency_gives_a_variable_every_shell_takes() -> None:
    assert naming.variable("geo-api.v2") == "GEO_API_V2_URL"


@given(st.from_regex(_NAME_PATTERN, fullmatch=True), st.sampled_from(["prod", "dev"]))
def test_no_instance_is_called_as_the_resource_of_a_second_login(
    project: str, environment: str
) -> None:
    resource = naming.second_login_resource(naming.instance(project, environment))
    assert not _NAME_PATTERN.fullmatch(resource)
