"""Weights: where they come from, which files hold them, and the canonical file of a network.

`origins` tries the origins of VGG16's weights in the order of `config.yaml`. `formats` reads any
kind of file that an origin gives, and `vgg16_tensors` checks the weights. `canonical` writes and
reads the file in which the rest of the pipeline finds a network, VGG16 or any other. `provenance`
records where the weights came from.
"""
