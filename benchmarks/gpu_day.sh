#!/usr/bin/env bash
# All that wants a GPU, in one run of at most eight minutes; each step has its own limit, and one that fails stops none.
#
#     benchmarks/gpu_day.sh [OUT]           OUT (gpu_day/ unless given) gets a log of each step
#     benchmarks/gpu_day.sh --cpu [OUT]     the same steps with tiny sizes, to see that they work
#
# 1 the Triton scan against the reference: in its interpreter, and compiled where there is a GPU
# 2 timings of the scan
# 3 colorize and batch in fp32, bf16 and fp16 against the CPU
# 4 two minutes, start and end included, of training haqagen at full width, then 5 of colormamba: images a second, memory
#
# Needs '.[dev,train]' and its environment; with ../shared beside the repository training has its VGG term. The exit code
# is the number of steps that failed.
set -uo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH=$PWD
device=cuda words=(--seconds 105) timings=(benchmarks/scan_gpu.py)
if [ "${1:-}" = --cpu ]; then
    device=cpu words=(--tiny) timings=(benchmarks/scan.py --length 256 --channels 32)
    shift
fi
out=${1:-gpu_day}
mkdir -p "$out"
failed=0

step() { # NAME SECONDS WORDS...
    local start=$SECONDS code=0
    timeout --signal=INT --kill-after=5 "$2" "${@:3}" >"$out/$1.log" 2>&1 || code=$?
    echo "$1: exit code $code, $((SECONDS - start)) s"
    tail -n 12 "$out/$1.log" | sed 's/^/    /'
    [ "$code" = 0 ] || failed=$((failed + 1))
}

command -v nvidia-smi >/dev/null && nvidia-smi -L
step scan 75 python -m pytest -q -p no:cacheprovider tests/scan/test_triton_scan.py
step timings 45 python "${timings[@]}"
step pictures 70 python benchmarks/gpu_day.py pictures --device "$device" "${words[@]}"
for recipe in haqagen colormamba; do
    step "$recipe" 142 python benchmarks/gpu_day.py train "$recipe" --device "$device" "${words[@]}"
done
exit "$failed"
