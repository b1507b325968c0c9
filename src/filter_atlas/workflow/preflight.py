"""Preflight: the facts that a run needs from outside, such as files and devices, to make its plan.

Reading settings and planning have no side effects. Everything that opens a file or starts a process
before the first job happens here, once in each run. The jobs of a cluster get the facts from
their run.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from filter_atlas.base import devices, digests
from filter_atlas.base.errors import ConfigError, ModelError
from filter_atlas.base.paths import CACHE
from filter_atlas.base.precision import Precision
from filter_atlas.settings import config as settings_reader
from filter_atlas.settings.config import Config
from filter_atlas.settings.family import Family
from filter_atlas.worker.task import DRAWING, MEASURING, WORKER
from filter_atlas.workflow.describe_network import describe
from filter_atlas.workflow.families import FAMILIES
from filter_atlas.workflow.network_lookup import find_network
from filter_atlas.workflow.plan import Plan, PreflightFacts


def plan_run(
    settings: Mapping[str, Any],
    cache: Path = Path(CACHE),
    families: Sequence[Family] = FAMILIES,
) -> Plan:
    """Check settings and what they name, and plan a run on this machine.

    Args:
        settings: raw settings, as Snakemake merged them from `config.yaml` and `--config`.
        cache: folder in which architectures are kept.
        families: the families that are part of the run.

    Raises:
        ConfigError: a setting is not allowed.
        FilterAtlasError: a file or device that the settings name is missing or cannot be used.
    """
    try:
        named = find_network(settings_reader.read_network_settings(settings))
        source, architecture = describe(named, cache)
    except ModelError as error:
        raise ConfigError(f"config: network: {error}") from None
    config = settings_reader.read_settings(settings, architecture)
    used = devices.resolve(config.devices)
    facts = PreflightFacts(
        source=source,
        architecture=architecture,
        devices=used,
        precision=_precision(config, source.is_vgg16, used),
        drawing_code=digests.code_digest(DRAWING),
        measuring_code=digests.code_digest(MEASURING),
        worker_code=digests.code_digest(WORKER),
        families={family.name: family.preflight(config) for family in families},
    )
    return Plan(config, facts)


def plan_again(settings: Mapping[str, Any], facts: PreflightFacts) -> Plan:
    """Make the plan of a run again, in one of its jobs, without a preflight.

    Raises:
        ConfigError: a setting is not allowed.
    """
    return Plan(settings_reader.read_settings(settings, facts.architecture), facts)


def _precision(config: Config, is_vgg16: bool, used: tuple[str, ...]) -> Precision:
    """The number format of the ascents."""
    if config.precision != "auto":
        return config.precision
    # Most networks other than VGG16 gain little from bfloat16, or lose (docs/networks.md).
    is_faster = is_vgg16 and all(map(devices.computes_bfloat16, used))
    return "bfloat16" if is_faster else "float32"
