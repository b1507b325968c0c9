"""A function is identified by what it returns: its configuration, its weights, its own code."""

import json
import subprocess
import sys

import keras
import pytest

from filter_atlas.settings.network_source import NetworkSource

FILES = {
    "mine.py": """
import keras
import helper

def plain():
    convolution = keras.layers.Conv2D(helper.FILTERS, 3)
    model = keras.Sequential([keras.Input((None, None, 3)), convolution])
    model.compile("sgd", "mse")
    return model

def loaded():
    convolution = keras.layers.Conv2D(2, 3)
    model = keras.Sequential([keras.Input((None, None, 3)), convolution])
    model.load_weights("trained.weights.h5")
    return model

def own():
    layers = [helper.Own(), keras.layers.Lambda(lambda picture: picture)]
    layers += [keras.layers.Conv2D(2, 3, activation=helper.own)]
    return keras.Sequential([keras.Input((None, None, 3)), *layers])

def namesake():
    convolution = keras.layers.Conv2D(2, 3, activation=helper.relu)
    return keras.Sequential([keras.Input((None, None, 3)), convolution])

def unstated():
    convolution = keras.layers.Conv2D(2, 3)
    return keras.Sequential([keras.Input((None, None, 3)), helper.Unstated(len), convolution])
""",
    "helper.py": """
import keras
import inner

FILTERS = 2

class Own(keras.layers.Layer):
    def call(self, tensor):
        return tensor * inner.FACTOR

class Unstated(keras.layers.Layer):
    def __init__(self, function):
        super().__init__()
    def call(self, tensor):
        return tensor

def own(tensor):
    return tensor * inner.FACTOR

def relu(tensor):  # Keras has an activation of this name
    return tensor * inner.FACTOR
""",
    "inner.py": "FACTOR = 2\n",
}
FUNCTIONS = ("plain", "loaded", "own", "namesake", "unstated")
OF_OWN_CODE = {"own", "namesake", "unstated"}

CHANGES: dict[str, tuple[tuple[str, str, str], set[str]]] = {
    "training": (("mine.py", '"sgd"', '"adam"'), OF_OWN_CODE),
    "a helper": (("helper.py", "FILTERS = 2", "FILTERS = 3"), {"plain", *OF_OWN_CODE}),
    "a helper of the helper": (("inner.py", "2", "3"), OF_OWN_CODE),
}
"""What changes: a file, a text in it, the new text, and the functions with another identity."""

PROGRAM = """
import json, os, runpy, sys
import keras, filter_atlas.networks.keras_graph  # once for all calls, which run in forks

for folder, source in json.loads(sys.argv[1]):
    if not os.fork():
        os.chdir(folder)
        sys.argv[1:] = [source, "/dev/stdout"]
        runpy.run_module("filter_atlas.networks", run_name="__main__")
        os._exit(0)
    os.wait()
"""

Identities = dict[tuple[str, str], NetworkSource]


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    """The sources that the functions turn out to be, by what has changed and by function."""
    calls = []
    for change in ("nothing", "the folder", "the weights", *CHANGES):
        folder = tmp_path_factory.mktemp("folder")
        for name, text in FILES.items():
            (folder / name).write_text(text)
        if change in CHANGES:
            name, old, new = CHANGES[change][0]
            (folder / name).write_text(FILES[name].replace(old, new))
        keras.utils.set_random_seed(2 if change == "the weights" else 1)
        model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(2, 3)])
        model.save_weights(folder / "trained.weights.h5")
        for function in FUNCTIONS:
            source = NetworkSource(kind="function", name=f"mine:{function}", weights="own")
            calls.append((change, function, str(folder), source.model_dump_json()))
    places = json.dumps([place for _, _, *place in calls])
    run = subprocess.run([sys.executable, "-c", PROGRAM, places], capture_output=True, text=True)
    found = [NetworkSource.model_validate_json(line) for line in run.stdout.splitlines()[::2]]
    return {call[:2]: source for call, source in zip(calls, found, strict=True)}


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ("the folder", set()),
        ("the weights", {"loaded"}),
        *((change, functions) for change, (_, functions) in CHANGES.items()),
    ],
)
def test_another_network_has_another_identity_and_the_same_one_has_the_same(
    change: str, changed: set[str], identities: Identities
) -> None:
    for function in FUNCTIONS:
        before, after = identities["nothing", function], identities[change, function]
        assert (before.fingerprint != after.fingerprint) == (function in changed), function


def test_a_network_of_keras_own_layers_runs_no_code_of_the_user(identities: Identities) -> None:
    for function in FUNCTIONS:
        source = identities["nothing", function]
        assert source.content
        assert bool(source.code) == (function in OF_OWN_CODE)
