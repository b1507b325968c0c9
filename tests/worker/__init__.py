"""Tests of the warm workers; most of them with a fake in TensorFlow's place."""
