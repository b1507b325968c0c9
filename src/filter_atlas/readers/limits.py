"""How many bytes a file from an unknown author may take in memory."""

LARGEST = 2**31
"""Maximum number of bytes to read at once. VGG16 with an optimizer's state takes 1.7 GB."""

_ALWAYS = 2**26
_TIMES = 4


def largest_expansion(stored: int) -> int:
    """Maximum number of bytes to which stored bytes may expand.

    Keras does not compress weights, and trained weights hardly compress. So more than four times
    the size in the file is refused, unless it is less than 64 MiB. Without this limit, a file of
    one megabyte could take a gigabyte of memory.
    """
    return max(_ALWAYS, _TIMES * stored)
