"""`python -m filter_atlas.worker`: how the first client of a device starts its worker."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

from filter_atlas.config import WorkerSettings
from filter_atlas.errors import MORE_MEMORY, WorkerError
from filter_atlas.models import stored
from filter_atlas.worker.home import Home
from filter_atlas.worker.server import live
from filter_atlas.worker.task import Engine


def main() -> None:
    """Live as the worker of one device, until no longer needed."""
    folder, device, weights, settings_json, *told = sys.argv[1:]
    settings = WorkerSettings.model_validate_json(settings_json)
    home = Home(folder)

    def load() -> Engine:
        # Importing TensorFlow takes seconds: clients can connect meanwhile.
        try:
            from filter_atlas.worker.studio import Studio
        except ImportError as error:
            raise WorkerError(
                f"TensorFlow cannot be loaded ({error}); install it again; if there is too "
                f"little memory, {MORE_MEMORY}"
            ) from error
        studio = Studio(device, weights, settings.threads, settings.batch, alone=True)
        # TensorFlow's chatter at the start would hide the worker's last words.
        with suppress(FileNotFoundError):
            os.truncate(home.log, 0)
        return studio

    def ready() -> None:
        # The client that started this worker waits for one of these; the other is its lock.
        for descriptor in told:
            os.close(int(descriptor))

    asyncio.run(live(home, load, settings, ready, stored.architecture(Path(weights))))


if __name__ == "__main__":
    main()
