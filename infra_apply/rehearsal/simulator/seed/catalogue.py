"""The catalogue of a fresh account: regions, images and sizes with their prices.

DigitalOcean's as of December 2025 (public pricing and API listings), except that every size is
in every region and GPU sizes are in four. A GPU month is 744 hours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from infra_apply.rehearsal.simulator.account.catalogue import is_gpu_size
from infra_apply.rehearsal.simulator.account.messages import Object

Row: TypeAlias = tuple[int, int, int, float, float]

CREATED_AT: Final = "2026-01-15T10:00:00Z"
GPU_REGIONS: Final = ("nyc2", "ams3", "tor1", "atl1")
REGIONS: Final = {
    "nyc1": "New York 1",
    "nyc2": "New York 2",
    "nyc3": "New York 3",
    "fra1": "Frankfurt 1",
    "ams3": "Amsterdam 3",
    "tor1": "Toronto 1",
    "lon1": "London 1",
    "sfo2": "San Francisco 2",
    "sfo3": "San Francisco 3",
    "sgp1": "Singapore 1",
    "blr1": "Bangalore 1",
    "syd1": "Sydney 1",
    "atl1": "Atlanta 1",
}
FEATURES: Final = ("backups", "ipv6", "metadata", "install_agent", "storage", "image_transfer")
IMAGES: Final = (
    (112929454, "ubuntu-22-04-x64", "Ubuntu", "22.04 (LTS) x64"),
    (155133621, "ubuntu-24-04-x64", "Ubuntu", "24.04 (LTS) x64"),
    (129211873, "debian-12-x64", "Debian", "12 x64"),
    (163946600, "gpu-h100x1-base", "Ubuntu", "NVIDIA AI/ML Ready"),
    (163946601, "gpu-h100x8-base", "Ubuntu", "NVIDIA AI/ML Ready with NVLink"),
    (163946602, "gpu-amd-base", "Ubuntu", "AMD AI/ML Ready"),
)
# slug: (memory MiB, vCPUs, disk GB, transfer TB, $ a month)
SIZES: Final[dict[str, Row]] = {
    "s-1vcpu-512mb-10gb": (512, 1, 10, 0.5, 4.0),
    "s-1vcpu-1gb": (1024, 1, 25, 1.0, 6.0),
    "s-1vcpu-2gb": (2048, 1, 50, 2.0, 12.0),
    "s-2vcpu-2gb": (2048, 2, 60, 3.0, 18.0),
    "s-2vcpu-4gb": (4096, 2, 80, 4.0, 24.0),
    "s-4vcpu-8gb": (8192, 4, 160, 5.0, 48.0),
    "s-8vcpu-16gb": (16384, 8, 320, 6.0, 96.0),
    "g-2vcpu-8gb": (8192, 2, 25, 4.0, 63.0),
    "g-4vcpu-16gb": (16384, 4, 50, 5.0, 126.0),
    "g-8vcpu-32gb": (32768, 8, 100, 6.0, 252.0),
    "c-2": (4096, 2, 25, 4.0, 42.0),
    "c-4": (8192, 4, 50, 5.0, 84.0),
    "m-2vcpu-16gb": (16384, 2, 50, 4.0, 84.0),
}
# slug: (memory MiB, vCPUs, disk GB, $ an hour, GPUs, model, GiB of memory of all GPUs)
GPU_SIZES: Final = {
    "gpu-4000adax1-20gb": (32768, 8, 500, 0.76, 1, "nvidia_rtx4000_ada", 20),
    "gpu-6000adax1-48gb": (65536, 8, 500, 1.57, 1, "nvidia_rtx6000_ada", 48),
    "gpu-l40sx1-48gb": (65536, 8, 500, 1.57, 1, "nvidia_l40s", 48),
    "gpu-h100x1-80gb": (245760, 20, 720, 3.39, 1, "nvidia_h100", 80),
    "gpu-h100x8-640gb": (1966080, 160, 2046, 23.92, 8, "nvidia_h100", 640),
    "gpu-h200x1-141gb": (245760, 24, 720, 3.44, 1, "nvidia_h200", 141),
    "gpu-h200x8-1128gb": (1966080, 192, 2046, 27.52, 8, "nvidia_h200", 1128),
    "gpu-mi300x1-192gb": (245760, 20, 720, 1.99, 1, "amd_mi300x", 192),
    "gpu-mi300x8-1536gb": (1966080, 160, 2046, 15.92, 8, "amd_mi300x", 1536),
}


def catalogue(extra_sizes: Sequence[str]) -> tuple[list[Object], list[Object], list[Object]]:
    """Return sizes, regions and images; `extra_sizes` are slugs to add if they are missing."""
    sizes = [*map(_basic_size, SIZES), *map(_gpu_size, GPU_SIZES)]
    sizes += [_guessed_size(slug) for slug in _missing(extra_sizes, sizes)]
    regions = [_region(slug, name, sizes) for slug, name in REGIONS.items()]
    return sizes, regions, [_image(*row) for row in IMAGES]


def _missing(slugs: Sequence[str], sizes: list[Object]) -> list[str]:
    known = {size["slug"] for size in sizes}
    return [slug for slug in dict.fromkeys(slugs) if slug not in known]


def _basic_size(slug: str) -> Object:
    return _size(slug, SIZES[slug])


def _gpu_size(slug: str) -> Object:
    memory, vcpus, disk, hourly, count, model, vram = GPU_SIZES[slug]
    info = {"count": count, "model": model, "vram": {"amount": vram, "unit": "gib"}}
    return _size(slug, (memory, vcpus, disk, 15.0, round(hourly * 744, 2))) | {
        "price_hourly": hourly,
        "gpu_info": info,
    }


def _guessed_size(slug: str) -> Object:
    """Return a size that the catalogue lacks, by what its slug says; the price is a guess."""
    if is_gpu_size(slug):
        return _gpu_size("gpu-h100x1-80gb") | {"slug": slug}
    vcpus = re.search(r"(\d+)vcpu|-(\d+)", slug)
    memory = re.search(r"(\d+)gb", slug)
    cores = int(next(filter(None, vcpus.groups()))) if vcpus else 2
    gigabytes = int(memory.group(1)) if memory else 2 * cores
    return _size(slug, (gigabytes * 1024, cores, 25 * cores, 4.0, 6.0 * gigabytes))


def _size(slug: str, row: Row) -> Object:
    memory, vcpus, disk, transfer, monthly = row
    gpu = is_gpu_size(slug)
    return {
        "slug": slug,
        "memory": memory,
        "vcpus": vcpus,
        "disk": disk,
        "transfer": transfer,
        "price_monthly": monthly,
        "price_hourly": round(monthly / 672, 5),
        "regions": sorted(GPU_REGIONS if gpu else REGIONS),
        "available": True,
        "description": "GPU" if gpu else _size_description(slug),
        "networking_throughput": 2000,
        "disk_info": [{"type": "local", "size": {"amount": disk, "unit": "gib"}}],
    }


def _size_description(slug: str) -> str:
    classes = {"g": "General Purpose", "c": "CPU-Optimized", "m": "Memory-Optimized"}
    return classes.get(slug.split("-", maxsplit=1)[0], "Basic")


def _region(slug: str, name: str, sizes: list[Object]) -> Object:
    return {
        "name": name,
        "slug": slug,
        "features": list(FEATURES),
        "available": True,
        "sizes": [size["slug"] for size in sizes if slug in size["regions"]],
    }


def _image(number: int, slug: str, distribution: str, name: str) -> Object:
    return {
        "id": number,
        "name": name,
        "distribution": distribution,
        "slug": slug,
        "public": True,
        "regions": sorted(REGIONS),
        "created_at": CREATED_AT,
        "min_disk_size": 7,
        "type": "base",
        "size_gigabytes": 2.36,
        "description": name,
        "tags": [],
        "status": "available",
        "error_message": "",
    }
