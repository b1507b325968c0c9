"""Networks whose filters can be drawn: VGG16, and any Keras model.

`base` defines what every network offers. `vgg16` computes VGG16 by plain TensorFlow operations.
`keras_build` builds any other model, `keras_graph` traces its graph, and `keras_network` uses it as
a network. `fetch` writes the canonical file of either kind, and `load` reads it.
"""
