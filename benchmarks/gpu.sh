#!/usr/bin/env bash
# The real check of the GPU path, in one command, on a machine with an NVIDIA GPU:
#
#     bash benchmarks/gpu.sh
#
# Installs requirements-cuda.lock into .cache/gpu (a virtual environment of its own), draws a sample
# of filters twice on the GPU and once on the processor, and says whether the two GPU runs are the
# same bytes, how far activations are from the processor's, and how much faster the GPU is.
set -euo pipefail
cd "$(dirname "$0")/.."

nvidia-smi --list-gpus 2>/dev/null | grep -q '^GPU ' || {
    echo "Error: nvidia-smi shows no GPU here; run this on a machine with an NVIDIA GPU and its driver" >&2
    exit 2
}

python=.cache/gpu/bin/python
[ -x "$python" ] || python3 -m venv .cache/gpu
"$python" -m pip install --quiet -r requirements-cuda.lock
"$python" -m pip install --quiet --no-deps -e .

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
draw() { # NAME DEVICE
    mkdir "$out/$1"
    cp config.yaml "$out/$1"
    ln -s "$PWD/.cache" "$out/$1/.cache"
    "$python" -m snakemake --snakefile Snakefile --directory "$out/$1" --cores 8 --quiet \
        --config "devices=[$2]" 'filters={"block1_conv2": 32, "block3_conv3": 64, "block5_conv1": 64}' \
        dreams=none classes=none all >"$out/$1.log" 2>&1 || {
        tail -20 "$out/$1.log" >&2
        exit 1
    }
}
draw gpu gpu:0
draw again gpu:0
draw processor cpu

"$python" - "$out" <<'END'
import json, re, sys
from pathlib import Path

out = Path(sys.argv[1])
runs = ("gpu", "again", "processor")


def files(run, kind):
    folder = out / run / "results" / "filters"
    return {str(one.relative_to(folder)): one for one in sorted(folder.rglob(f"*.{kind}"))}


def seconds(run):
    total, largest = 0.0, 0
    for log in (out / run / "results" / "logs" / "ascend").rglob("*.log"):
        batch, took = re.findall(r"in a batch of (\d+): ([\d.]+) s", log.read_text())[-1]
        total, largest = total + float(took) / int(batch), max(largest, int(batch))
    return total, largest


first, second = files("gpu", "png"), files("again", "png")
same = sum(first[name].read_bytes() == second[name].read_bytes() for name in first)
records = {run: {n: json.loads(p.read_text()) for n, p in files(run, "json").items()} for run in runs}
apart = max(
    abs(one["final_activation"] / records["processor"][name]["final_activation"] - 1)
    for name, one in records["gpu"].items()
    if records["processor"][name]["final_activation"] > 0
)
gpu, batch = seconds("gpu")
processor, _ = seconds("processor")
device = next(iter(records["gpu"].values()))
print(f"device                                  {device['device']}")
print(f"TF32                                    {device['tensor_float_32']}")
print(f"pictures equal in two runs              {same} of {len(first)}")
print(f"activations, furthest from processor's  {apart:.1%}")
print(f"largest batch                           {batch}")
print(f"seconds of drawing, processor / GPU     {processor / gpu:.1f}")
sys.exit(same != len(first))
END
