"""The size of the squares of photographs that a network sees."""

from filter_atlas.base.errors import ConfigError
from filter_atlas.networks.base import Network


def observed_size(network: Network, size: int | None, trained: int) -> int:
    """Side of the squares that a network sees, in pixels.

    Args:
        network: the network.
        size: the setting `photos.size`.
        trained: side of the pictures that it was trained on, in pixels.

    Raises:
        ConfigError: the network does not take pictures of the size of the settings as they are.
    """
    only, smallest = network.only_size, network.smallest_size
    if size is None:
        return only or max(trained, smallest)
    if only and size != only:
        raise ConfigError(f"config: photos.size = {size}: the network takes {only} pixels only")
    if size < smallest:
        raise ConfigError(f"config: photos.size = {size}: the network takes {smallest} or more")
    return size
