#!/usr/bin/env bash
# Update the lock files from pyproject.toml, for every platform and Python from 3.11 on. Needs uv
# (pip install uv). Locked versions stay unless pyproject.toml excludes them;
# `bash scripts/lock.sh --upgrade` takes the newest versions. Every file has the build backend too,
# because pip would download it without hashes.
set -euo pipefail
cd "$(dirname "$0")/.."

lock() {
    local file=$1
    shift
    uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
        --no-annotate --quiet --extra build --custom-compile-command "bash scripts/lock.sh" \
        --output-file "$file" "$@"
}

lock requirements.lock "$@"
lock requirements-dev.lock --extra dev --constraint requirements.lock "$@"
lock requirements-cuda.lock --extra cuda --constraint requirements.lock "$@"
