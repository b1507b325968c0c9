"""Warm workers: one process per device that keeps TensorFlow and the weights in memory.

`client` is what an ascend job runs, `server` what it talks to, `protocol` what they say, and
`home` where they meet.
"""
