"""The networks of Keras Applications, and the preprocessing that each was trained with.

Source: the modules of `keras.applications` and their functions `preprocess_input`. Networks with
the preprocessing `raw` contain their own preprocessing as layers.
"""

from dataclasses import dataclass

from filter_atlas.base.preprocessing import PreprocessingName

USUAL_SIZE = 224
"""Side of the pictures that most networks were trained on, in pixels."""


@dataclass(frozen=True)
class Application:
    """A network of Keras Applications.

    Attributes:
        constructor: name of its function in `keras.applications`, which is also its usual name.
        preprocessing: the preprocessing that it was trained with.
        size: side of the pictures that it was trained on, in pixels.
    """

    constructor: str
    preprocessing: PreprocessingName
    size: int = USUAL_SIZE


APPLICATIONS: dict[str, Application] = {
    "vgg19": Application("VGG19", "caffe"),
    "resnet50": Application("ResNet50", "caffe"),
    "resnet101": Application("ResNet101", "caffe"),
    "resnet152": Application("ResNet152", "caffe"),
    "resnet50_v2": Application("ResNet50V2", "tf"),
    "resnet101_v2": Application("ResNet101V2", "tf"),
    "resnet152_v2": Application("ResNet152V2", "tf"),
    "xception": Application("Xception", "tf", 299),
    "inception_v3": Application("InceptionV3", "tf", 299),
    "inception_resnet_v2": Application("InceptionResNetV2", "tf", 299),
    "mobilenet": Application("MobileNet", "tf"),
    "mobilenet_v2": Application("MobileNetV2", "tf"),
    "mobilenet_v3_small": Application("MobileNetV3Small", "raw"),
    "mobilenet_v3_large": Application("MobileNetV3Large", "raw"),
    "densenet121": Application("DenseNet121", "torch"),
    "densenet169": Application("DenseNet169", "torch"),
    "densenet201": Application("DenseNet201", "torch"),
    "nasnet_mobile": Application("NASNetMobile", "tf"),
    "nasnet_large": Application("NASNetLarge", "tf", 331),
    **{
        f"efficientnet_b{n}": Application(f"EfficientNetB{n}", "raw", size)
        for n, size in enumerate((224, 240, 260, 300, 380, 456, 528, 600))
    },
    **{
        f"efficientnet_v2_b{n}": Application(f"EfficientNetV2B{n}", "raw", size)
        for n, size in enumerate((224, 240, 260, 300))
    },
    **{
        f"efficientnet_v2_{s}": Application(f"EfficientNetV2{s.upper()}", "raw", size)
        for s, size in (("s", 384), ("m", 480), ("l", 480))
    },
    **{
        f"convnext_{size}": Application(f"ConvNeXt{size.capitalize()}", "raw")
        for size in ("tiny", "small", "base", "large")
    },
}
"""All networks, by their name in the setting `network`."""
