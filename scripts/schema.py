"""Write config.schema.json, by which editors complete and check config.yaml.

Usage: python scripts/schema.py
"""

import json
from pathlib import Path

from filter_atlas import config
from filter_atlas.files import write_atomically

SCHEMA = Path(__file__).parent.parent / "config.schema.json"

if __name__ == "__main__":
    text = json.dumps(config.json_schema(), indent=2, ensure_ascii=False)
    write_atomically(SCHEMA, f"{text}\n".encode())
