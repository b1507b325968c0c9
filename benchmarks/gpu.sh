#!/usr/bin/env bash
# Checks drawing on a GPU, on a machine with an NVIDIA GPU:
#
#     bash benchmarks/gpu.sh
#
# Installs requirements-cuda.lock into the virtual environment .cache/gpu. Draws a sample of filters
# twice on the GPU, once with another batch size, once in bfloat16, and once on the processor. Prints
# whether the runs on the GPU have the same bytes, how much activations differ from the processor's,
# how much faster the GPU and bfloat16 are, and how much of the GPU's memory was used. Fails if the
# two equal runs have different bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

nvidia-smi --list-gpus 2>/dev/null | grep -q '^GPU ' || {
    echo "Error: nvidia-smi shows no GPU here; run this on a machine with an NVIDIA GPU and its driver" >&2
    exit 2
}

python=.cache/gpu/bin/python
[ -x "$python" ] || python3 -m venv .cache/gpu
"$python" -m pip install --quiet -r requirements-cuda.lock
"$python" -m pip install --quiet --no-deps --no-build-isolation -e .

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
draw() { # NAME DEVICE BATCH PRECISION
    mkdir "$out/$1"
    cp config.yaml "$out/$1"
    ln -s "$PWD/.cache" "$out/$1/.cache"
    "$python" -m snakemake --snakefile Snakefile --directory "$out/$1" --cores 8 --quiet \
        --config "devices=[$2]" 'filters={"block1_conv2": 32, "block3_conv3": 64, "block5_conv1": 64}' \
        "worker={batch: $3}" "precision=$4" dreams=none classes=none >"$out/$1.log" 2>&1 || {
        tail -20 "$out/$1.log" >&2
        exit 1
    }
}
first=${CUDA_VISIBLE_DEVICES:-0}
nvidia-smi --id="${first%%,*}" --query-gpu=memory.used \
    --format=csv,noheader,nounits --loop-ms=500 >"$out/memory" 2>&1 &
watch=$!
trap 'kill "$watch" 2>/dev/null || true; rm -rf "$out"' EXIT
draw gpu gpu:0 auto float32
draw again gpu:0 auto float32
kill "$watch"
draw small gpu:0 3 float32
draw bfloat16 gpu:0 auto bfloat16
draw processor cpu auto float32

"$python" - "$out" <<'END'
import json, re, sys
from pathlib import Path

out = Path(sys.argv[1])
runs = ("gpu", "again", "small", "bfloat16", "processor")


def files(run, kind):
    folder = out / run / "results" / "filters"
    return {str(one.relative_to(folder)): one for one in sorted(folder.rglob(f"*.{kind}"))}


def seconds(run):
    total, largest = 0.0, 0
    for log in (out / run / "results" / "logs" / "draw_filter").rglob("*.log"):
        batch, took = re.findall(r"in a batch of (\d+): ([\d.]+) s", log.read_text())[-1]
        total, largest = total + float(took) / int(batch), max(largest, int(batch))
    return total, largest


def same_as(run):
    others = files(run, "png")
    return sum(one.read_bytes() == others[name].read_bytes() for name, one in first.items())


first = files("gpu", "png")
same = same_as("again")
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
print(f"pictures equal at another batch         {same_as('small')} of {len(first)}")
print(f"activations, furthest from processor's  {apart:.1%}")
print(f"largest batch                           {batch}")
used = [int(line) for line in (out / "memory").read_text().split() if line.isdecimal()]
print(f"memory of the GPU in use at the peak    {max(used, default=0)} MiB")
print(f"seconds of drawing, processor / GPU     {processor / gpu:.1f}")
print(f"seconds of drawing, float32 / bfloat16  {gpu / seconds('bfloat16')[0]:.1f}")
sys.exit(same != len(first))
END
