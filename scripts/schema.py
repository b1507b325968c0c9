"""Write config.schema.json, with which editors complete and check config.yaml.

Usage: python scripts/schema.py
"""

import json
from pathlib import Path

from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.settings import config

SCHEMA = Path(__file__).parent.parent / "config.schema.json"

if __name__ == "__main__":
    text = json.dumps(config.json_schema(), indent=2, ensure_ascii=False)
    write_atomically(SCHEMA, f"{text}\n".encode())
