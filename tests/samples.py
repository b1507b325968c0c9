"""Results that several tests share, one of each kind."""

from filter_atlas.class_pictures.evaluation import Copy, Evaluation, Guess
from filter_atlas.class_pictures.record import ClassRecord
from filter_atlas.dream.record import DreamRecord, PhotographRecord
from filter_atlas.measure.layer_measures import LayerMeasures
from filter_atlas.measure.measures import PICTURE_MEASURES, Value
from filter_atlas.measure.record import Record
from filter_atlas.twins.report import LayerTwins

RECORD = Record(
    layer="block1_conv1",
    filter=0,
    seed=0,
    start_activation=0.5,
    final_activation=200.0,
    final_peak=900.0,
    final_pre_activation=150.0,
    attempts=1,
    certificate=None,
    loss=(0.5, 190.0),
    recipe={},
    recipe_digest="",
    precision="float32",
    weights_digest="",
    code_digest="",
    picture_digest="",
    device="CPU",
    tensor_float_32=False,
    versions={},
)

VALUES: dict[str, Value] = {
    **dict.fromkeys(PICTURE_MEASURES, 0.5),
    "shown_activation": 180.0,
    "article_activation": None,
    "shown_peak": 800.5,
    "shift_robustness": 0.75,
    "rotation_robustness": 0.5,
    "noisiness": 0.03,
    "saturated": 0.001,
    "rank": 1,
    "z_score": 4.5,
}
"""A filter's picture measures, as they are in the file of its layer's measures."""

LAYER_MEASURES = LayerMeasures(
    layer="block1_conv1",
    weights_digest="d" * 64,
    code_digest="c" * 64,
    device="CPU (Cortex · 猫)",
    tensor_float_32=False,
    versions={"filter_atlas": "0.1.0", "numpy": "2.4.6"},
    values={7: VALUES, 12: {**VALUES, "z_score": None, "rank": 3}},
)

DREAM_RECORD = DreamRecord(
    photo=PhotographRecord(name="raccoon.jpg", digest="f" * 64, taken=(1024, 768), used=(512, 384)),
    guide=None,
    dream={"octaves": 3, "steps": 20},
    seed=7,
    loss=((1.0, 2.5), (3.0,)),
    weights_digest="d" * 64,
    picture_digest="b" * 64,
    device="CPU",
    versions={"numpy": "2"},
)

CLASS_RECORD = ClassRecord(
    network="efficientnet_lite0",
    network_digest="e" * 64,
    evaluation=Evaluation(
        index=65,
        name="sea snake",
        probability=0.9993,
        rank=1,
        best=(Guess(65, "sea snake", 0.9993), Guess(0, "tench", 0.0004)),
        copies={"shifted": Copy(0.98, True), "blurred": Copy(0.2, False)},
    ),
    second_opinion=None,
    margin=12.5,
    attempts=1,
    loss=(0.5, 12.5),
    seed=7,
    recipe={},
    recipe_digest="a" * 64,
    picture_digest="b" * 64,
    device="CPU",
    versions={"tensorflow": "2.21.0"},
)

LAYER_TWINS = LayerTwins(
    layer="block2_conv1",
    compared=10,
    silent=1,
    with_twin=3,
    remaining=8,
    groups=((1, 5, 8),),
    rotation_step=90,
    threshold=0.5,
    weights_digest="d" * 64,
)
