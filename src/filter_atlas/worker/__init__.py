"""Warm workers: one process per device that keeps TensorFlow and the weights in memory.

A job that draws or measures runs `client`. The client hands its task to the worker, which is
`server`. `protocol` is the format of their messages, and `endpoint` is the folder where they meet.
"""
