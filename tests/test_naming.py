from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra_apply import naming


@given(st.text(max_size=40))
def test_what_a_tag_cannot_hold_is_replaced_reversibly(text: str) -> None:
    tag = naming.tag_text(text)
    assert naming.text_of_tag(tag) == text
    assert not tag or naming.is_tag(tag) or len(tag) > 255


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
