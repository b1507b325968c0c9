"""Plans of runs without a preflight: the facts are given, so nothing outside is looked up."""

from collections.abc import Sequence

from filter_atlas.base.architecture import VGG16
from filter_atlas.base.precision import Precision
from filter_atlas.base.preprocessing import PREPROCESSINGS
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.settings.config import read_settings
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.workflow.plan import Plan, PreflightFacts

IMAGENET = NetworkSource(
    kind="vgg16",
    name="vgg16",
    weights="keras",
    preprocessing=PREPROCESSINGS["raw_bgr"],
    content=IMAGENET_DIGEST,
)


def plan_of(
    devices: Sequence[str] = ("cpu",), precision: Precision = "float32", **settings: object
) -> Plan:
    """The plan of some settings, for VGG16 with the ImageNet weights."""
    facts = PreflightFacts(
        source=IMAGENET,
        architecture=VGG16,
        devices=tuple(devices),
        precision=precision,
        drawing_code="digest of the code that draws",
        measuring_code="digest of the code that measures",
        worker_code="digest of all code of a worker",
        families={},
    )
    return Plan(read_settings(settings), facts)
