"""Class pictures: the classifier whose logit a picture maximises, and the judgement of the picture.

`settings` says which network and classes, `sources` finds the network's file, `loading` makes a
`classifier.Classifier` of it, `names` knows what its classes are called, and `judge` tells what
the network makes of a finished picture. Only `classifier`, `keras_model`, `loading` and `stack`
load TensorFlow.
"""
