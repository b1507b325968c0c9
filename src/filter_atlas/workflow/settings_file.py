"""Checks of the text of `config.yaml`, before Snakemake reads it.

Snakemake takes the last of two equal keys without a word, and does not tell where a text cannot be
read.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

from filter_atlas.base.errors import ConfigError


def check(path: str | Path) -> bool:
    """Whether a file has any settings; an empty one means all defaults.

    A file that does not exist is left to Snakemake, which may have got another one (--configfile).

    Raises:
        ConfigError: the file cannot be read, is not YAML, or names a setting twice.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
        # Not the parser in C: it crashes on a text of brackets in brackets.
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        repeated = list(_repeated(root))
        if root is not None:
            loader.construct_document(root)  # a value such as 2026-02-30 fails only now
    except FileNotFoundError:
        return True
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give a file that can be read") from error
    except UnicodeDecodeError as error:
        line, byte = error.object[: error.start].count(b"\n") + 1, error.object[error.start]
        raise ConfigError(
            f"{path}, line {line}: not UTF-8 text (byte {byte:#04x}); save the file as UTF-8"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        raise ConfigError(f"{path}{place}: not YAML: {problem}; correct the text") from error
    except (RecursionError, ValueError) as error:
        raise ConfigError(f"{path}: not YAML of settings: {error}; correct the text") from error
    if root is None or root.tag == "tag:yaml.org,2002:null":
        return False
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{path}: not a list of settings; each line is `name: value`")
    for key, first in repeated:
        raise ConfigError(
            f"{path}, line {key.start_mark.line + 1}: {key.value} is set again, after line "
            f"{first.start_mark.line + 1}; remove one of the two"
        )
    return True


def _repeated(root: yaml.Node | None) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Every key that its mapping has before, and the first of the two."""
    pending, seen = [root] if root else [], set()
    while pending:
        node = pending.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending += node.value
        elif isinstance(node, yaml.MappingNode):
            keys: dict[tuple[str, str], yaml.Node] = {}
            for key, value in node.value:
                pending.append(value)
                if isinstance(key, yaml.ScalarNode):
                    first = keys.setdefault((key.tag, key.value), key)
                    if first is not key:
                        yield key, first
