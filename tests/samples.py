"""Values that several tests share."""

from filter_atlas.record import Quality

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
