"""The list of photographs, and copies of those from which patches are shown."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from filter_atlas.base import devices
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.errors import WARNING, PhotoError
from filter_atlas.base.sample_photos import sample_photos
from filter_atlas.evidence.photographs import FoundPhotograph, FoundPhotographs, read_again
from filter_atlas.evidence.ranking import Ranking
from filter_atlas.evidence.record import Credit, PhotographEntry, PhotographList
from filter_atlas.readers.scaled_photograph import Log


def copy_photographs(
    photographs: Iterable[FoundPhotograph],
    shown: Collection[str],
    size: int,
    folder: Path,
    log: Log,
) -> set[str]:
    """Write copies of photographs, as scaled for the network, into a folder.

    Args:
        photographs: all photographs.
        shown: digests of those that are copied.
        size: side of the square that the network saw, in pixels.
        folder: the folder; it is made.
        log: takes one line about each photograph that is not there any more.

    Returns:
        The digests of the copied photographs.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def copy(photograph: FoundPhotograph) -> str | None:
        try:
            scaled = read_again(photograph, size)
        except PhotoError as error:
            log(f"{WARNING}photos: no copy of a photograph that was observed: {error}")
            return None
        write_atomically(folder / f"{photograph.digest}.webp", scaled.to_webp(), durably=False)
        return photograph.digest

    with ThreadPoolExecutor(devices.cores()) as pool:
        copied = pool.map(copy, [one for one in photographs if one.digest in shown])
        return {digest for digest in copied if digest}


def list_photographs(
    ranking: Ranking, found: FoundPhotographs, copied: Collection[str]
) -> PhotographList:
    """The list of all photographs that were observed.

    Args:
        ranking: all observations.
        found: the photographs of the run.
        copied: digests of the photographs that have a copy.
    """
    names = {photograph.digest: photograph.name for photograph in found.photographs}
    credits = _credits()
    left_out = [*found.left_out, *((names[one], why) for one, why in ranking.unreadable.items())]
    entries = {
        digest: PhotographEntry.from_placement(
            names[digest], ranking.placements[digest], digest in copied, credits.get(digest)
        )
        for digest in ranking.photographs
    }
    return PhotographList(ranking.layout.size, entries, tuple(left_out))


def _credits() -> Mapping[str, Credit]:
    """Author and licence of every photograph of the sample, by its digest."""
    return {
        photo.digest: Credit(
            photo.title,
            photo.author,
            photo.source,
            photo.licence,
            photo.licence_url,
            photo.category,
        )
        for photo in sample_photos()
    }


def remove_others(files: Sequence[Path]) -> None:
    """Remove all other files from the folder of these files: they are of other chunks."""
    kept = {file.name for file in files}
    for file in files[0].parent.iterdir():
        if file.name not in kept:
            file.unlink(missing_ok=True)
