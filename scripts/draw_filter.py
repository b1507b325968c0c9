"""Draw one filter: from its task to its picture and record, through the device's warm worker.

Usage: python -I -S scripts/draw_filter.py TASK DEVICE WEIGHTS PICTURE RECORD

There is one such process for every filter. So that it starts fast, it runs without site packages
(-I -S) and has no argument parser.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src"))

from filter_atlas.worker import client

if __name__ == "__main__":
    client.main("drawn", *sys.argv[1:])
