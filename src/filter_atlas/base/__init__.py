"""Plain facts and small tools that all other packages build on; no TensorFlow."""
