"""Values that several tests share."""

from filter_atlas.record import Quality, Record

QUALITY = Quality(
    shown_activation=180.0,
    shown_peak=800.5,
    shift_robustness=0.75,
    turn_robustness=0.5,
    noisiness=0.03,
    saturated=0.001,
    rank=1,
    z_score=4.5,
)
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
    quality=QUALITY,
    loss=(0.5, 190.0),
    recipe={},
    recipe_digest="",
    precision="float32",
    weights_digest="",
    code_digest="",
    device="CPU",
    tensor_float_32=False,
    versions={},
)
