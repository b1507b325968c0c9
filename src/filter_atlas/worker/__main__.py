"""`python -m filter_atlas.worker`: the command with which the first client starts a worker."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

from filter_atlas.base.architecture import VGG16, Architecture
from filter_atlas.base.errors import MORE_MEMORY, WeightsError, WorkerError
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.settings.worker import WorkerSettings
from filter_atlas.weights import canonical
from filter_atlas.worker.endpoint import WorkerEndpoint
from filter_atlas.worker.server import run_worker
from filter_atlas.worker.task import Engine


def main() -> None:
    """Run the worker of one device until no run needs it any more."""
    folder, device, weights, settings_json, *descriptors = sys.argv[1:]
    settings = WorkerSettings.model_validate_json(settings_json)
    endpoint = WorkerEndpoint(folder)

    def load() -> Engine:
        # The import of TensorFlow takes seconds. Meanwhile clients can connect.
        try:
            from filter_atlas.worker.engine import TensorFlowEngine
        except ImportError as error:
            raise WorkerError(
                f"TensorFlow cannot be loaded ({error}); install it again; if there is too "
                f"little memory, {MORE_MEMORY}"
            ) from error
        planned = NetworkSource.planned()
        engine = TensorFlowEngine(device, weights, settings.threads, settings.batch, True, planned)
        # TensorFlow's messages at the start would hide the worker's own messages at its end.
        with suppress(FileNotFoundError):
            os.truncate(endpoint.log, 0)
        return engine

    def ready() -> None:
        # One descriptor is the pipe on which the starting client waits, the other is its lock.
        for descriptor in descriptors:
            os.close(int(descriptor))

    asyncio.run(run_worker(endpoint, load, settings, ready, _architecture(Path(weights))))


def _architecture(weights: Path) -> Architecture:
    """The layers of the network; VGG16's for a damaged file, because the engine reports it."""
    with suppress(WeightsError):
        return canonical.load_header(weights).architecture
    return VGG16


if __name__ == "__main__":
    main()
