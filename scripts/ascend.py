"""Draw one filter: from its task to its picture and record, through the device's warm worker.

Usage: python -I -S scripts/ascend.py TASK DEVICE WEIGHTS PICTURE RECORD

There is one such process for every filter, hence the bare interpreter (-I -S) and no parser.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src"))

from filter_atlas.errors import FilterAtlasError, tell, told
from filter_atlas.worker import client

if __name__ == "__main__":
    try:
        print(client.ascend(*sys.argv[1:]), file=sys.stderr)
    except (FilterAtlasError, OSError) as error:
        tell(told(error))
        sys.exit(2)
