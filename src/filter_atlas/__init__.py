"""Filter Atlas: draw every filter of a convolutional network.

Importing this package is cheap on purpose: TensorFlow is imported only by the modules
that compute (`network`, `objective`, `ascent` and the worker's server).
"""

__version__ = "0.1.0"
