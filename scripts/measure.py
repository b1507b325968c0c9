"""Measure the pictures of one layer: from its task to its files, by a warm worker.

Usage: python -I -S scripts/measure.py TASK DEVICE WEIGHTS MEASURES [PATHS CONTRIBUTIONS]

The worker looks for the pictures in the current folder. Those of a variant have
measures only.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src"))

from filter_atlas.worker import client

if __name__ == "__main__":
    task, *others = sys.argv[1:]
    in_folder = {**json.loads(task), "folder": os.getcwd()}
    client.main("measured", json.dumps(in_folder), *others)
