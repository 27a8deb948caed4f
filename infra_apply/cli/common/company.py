"""The whole company, for the commands that show every stack's fleet as one."""

from __future__ import annotations

import argparse

from infra_apply.cli.common.options import named_stack_of, pulumi_project_of
from infra_apply.plan import company as companies
from infra_apply.plan.company import Company


def read_company(arguments: argparse.Namespace) -> Company:
    """Read every stack's fleet, or those that share the mesh of the stack that is named.

    Raises Usage if there is no Pulumi project or no stack, or if the stacks name several meshes.
    """
    return companies.read_company(
        pulumi_project_of(arguments),
        stack=named_stack_of(arguments),
        config_file=arguments.config_file,
    )
