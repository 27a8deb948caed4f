"""gpu_ondemand: GPU workloads are pools that are empty until work waits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from infra_apply.diagnostics.code import Code, Severity
from infra_apply.diagnostics.model import Diagnostic, NotChecked, Place, Related
from infra_apply.diagnostics.suggest import did_you_mean, nearest
from infra_apply.fleet.hosts import droplets
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.owners import forbidding
from infra_apply.fleet.rules.rule import Rule
from infra_apply.inputs.manifest import Gpu, Manifest
from infra_apply.inputs.settings import Settings

NO_MODE: Final = Code(
    "IA401",
    "no mode",
    "there is only on-demand, and it should say so",
    "add the mode",
    Severity.WARNING,
)
NO_DROPLET: Final = Code(
    "IA402",
    "no droplet",
    "without a GPU size or a profile there is nothing to render",
    "name a GPU size or a profile",
)
UNKNOWN_SIZE: Final = Code(
    "IA403",
    "unknown GPU size or profile",
    "a slot of this size could never be made, or would not be a GPU",
    "correct it, or add a profile to the settings",
)
STANDING_GPU: Final = Code(
    "IA404",
    "standing GPU",
    "a GPU host bills around the clock, also when it is switched off",
    "declare a `gpu:` block and a smaller host",
    Severity.WARNING,
)
IDLE_SLOT: Final = Code(
    "IA405",
    "slot that never takes a job",
    "without user data or an image of its own nothing starts on a slot, and it bills; "
    "`infra-apply gpu scale` makes no such slot",
    "give the GPU profile `userData`, or an `image` that starts the work by itself; "
    "a size that a manifest names alone needs a profile",
    Severity.WARNING,
)
PROFILE_OF_OTHERS: Final = Code(
    "IA406",
    "GPU profile of other projects",
    "the settings say which projects may use the profile, and this one is not among them",
    "choose another profile, or have the project added to the setting `owners.profiles`",
)


def check(fleet: Fleet) -> Iterator[Diagnostic | NotChecked]:
    """Report pools that say too little to be made, and hosts that would be a standing GPU."""
    for manifest in fleet.manifests:
        if manifest.gpu is not None:
            yield from _pool(fleet, manifest, manifest.gpu)
    if fleet.settings is None:
        return
    yield from _idle_slots(fleet, fleet.settings)
    for host, carried in droplets(fleet).items():
        size = fleet.settings.host(host).droplet.size
        if is_gpu_size(size):
            message = f"`{host}` has the GPU size `{size}` and would bill around the clock"
            hint = "give the workload a `gpu:` block, and the host a size without a GPU"
            place = carried[0].value("service", "host")
            yield Diagnostic(STANDING_GPU, place, message, hint)


def is_gpu_size(size: str) -> bool:
    """Say whether a size's slug is one of DigitalOcean's GPU sizes."""
    return bool(_GPU_SIZE.fullmatch(size))


def is_bare_image(image: str | None) -> bool:
    """Say whether an image starts no work by itself: a base image, or a bare distribution."""
    return image is None or bool(_BARE_IMAGE.fullmatch(image))


def idle_slot(named: str, sizes: Sequence[str], place: Place) -> Diagnostic:
    """Return the finding about slots of a profile, or of a size, that would start no work."""
    size = next(iter(sizes), "SIZE")
    message = f"a slot of `{named}` would start no work, and bill"
    hint = (
        f"write `gpu: {{profiles: {{{named}: {{size: {size}, userData: FILE}}}}}}` in the "
        "settings, FILE with what starts the worker; or name an `image` of your own there"
    )
    return Diagnostic(IDLE_SLOT, place, message, hint)


def _idle_slots(fleet: Fleet, settings: Settings) -> Iterator[Diagnostic]:
    """Report profiles once, however many use them, and each manifest that names a size alone."""
    for name, profile in settings.gpu_profiles.items():
        if profile.user_data_file is None and is_bare_image(profile.image):
            yield idle_slot(name, profile.sizes, settings.key("gpu", "profiles", name))
    for manifest in fleet.manifests:
        droplet = manifest.gpu.droplet if manifest.gpu else None
        # Whether another environment's settings have a profile of that name, its own stack says.
        if droplet is None or manifest.environment != settings.environment:
            continue
        if is_gpu_size(droplet) and droplet not in settings.gpu_profiles:
            yield idle_slot(droplet, (droplet,), manifest.value("gpu", "droplet"))


def _pool(fleet: Fleet, manifest: Manifest, gpu: Gpu) -> Iterator[Diagnostic | NotChecked]:
    if gpu.mode is None:
        message = "`gpu` does not say its mode; it is taken as on-demand"
        hint = "add `mode: on-demand`"
        yield Diagnostic(NO_MODE, manifest.key("gpu"), message, hint)
    if gpu.droplet is None:
        message = "`gpu` names no droplet, so there is nothing to render"
        hint = "add `droplet: gpu-l40sx1-48gb`, another GPU size, or a profile of the settings"
        yield Diagnostic(NO_DROPLET, manifest.key("gpu"), message, hint)
        return
    for allowed in forbidding(fleet, "profiles", gpu.droplet, manifest.project):
        message = f"`owners.profiles` does not let `{manifest.project}` use `{gpu.droplet}`"
        hint = "choose another profile, or have the project added to the setting"
        place = manifest.value("gpu", "droplet")
        related = Related(allowed, "these may")
        yield Diagnostic(PROFILE_OF_OTHERS, place, message, hint, (related,))
    profiles = {name for stack in fleet.stacks for name in stack.gpu_profiles}
    if is_gpu_size(gpu.droplet) or gpu.droplet in profiles:
        return
    if not fleet.stacks and not _like_a_size(gpu.droplet):
        yield NotChecked(
            f"{manifest.path}: whether `{gpu.droplet}` is a GPU profile: no settings were read"
        )
        return
    message = f"`{gpu.droplet}` is neither a GPU size nor a profile of the settings"
    meant = did_you_mean(gpu.droplet, [*profiles, *GPU_SIZES])
    yield Diagnostic(UNKNOWN_SIZE, manifest.value("gpu", "droplet"), message, meant)


def _like_a_size(name: str) -> bool:
    """Say whether it can hardly be a profile: a size without a GPU, or a GPU size misspelt."""
    return bool(_OTHER_SIZE.match(name)) or nearest(name, GPU_SIZES) is not None


# As listed by DigitalOcean in 2026; a size of the same form that is not among them is taken too.
GPU_SIZES: Final = (
    "gpu-4000adax1-20gb",
    "gpu-6000adax1-48gb",
    "gpu-l40sx1-48gb",
    "gpu-h100x1-80gb",
    "gpu-h100x8-640gb",
    "gpu-h200x1-141gb",
    "gpu-h200x8-1128gb",
    "gpu-mi300x1-192gb",
    "gpu-mi300x8-1536gb",
)
_GPU_SIZE: Final = re.compile(r"gpu-[a-z0-9]+x\d+-\d+gb[a-z0-9-]*")
_OTHER_SIZE: Final = re.compile(r"[a-z0-9_]+-\d+vcpu-\d+gb")
_BARE_IMAGE: Final = re.compile(
    r"gpu-.*-base|(?:ubuntu|debian|fedora|centos|centos-stream|rockylinux|almalinux)-.*"
)


RULE: Final = Rule(
    check, (NO_MODE, NO_DROPLET, UNKNOWN_SIZE, STANDING_GPU, IDLE_SLOT, PROFILE_OF_OTHERS)
)
