"""Tests of the warm workers; most of them have a fake in place of TensorFlow."""
