#!/usr/bin/env bash
# All that wants a GPU, in one run of at most eight minutes; each step has its own limit, and one that fails stops none.
#
#     benchmarks/gpu_day.sh [OUT]           OUT (gpu_day/ unless given) gets a log of each step
#     benchmarks/gpu_day.sh --cpu [OUT]     the same steps with tiny sizes and more time, to see that they work
#
# 1 the Triton scan against the reference: compiled, on the GPU; with --cpu in Triton's interpreter
# 2 timings of the scan
# 3 colorize and batch in fp32, bf16 and fp16 against the CPU
# 4 two minutes, start and end included, of training haqagen at full width, then 5 of colormamba: images a second, memory
#
# Needs '.[dev,train]' and its environment; with ../shared beside the repository training has its VGG term. The exit code
# is the number of steps that failed.
set -uo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH=$PWD
device=cuda slack=1 tests=gpu words=() timings=(benchmarks/scan_gpu.py)
if [ "${1:-}" = --cpu ]; then
    device=cpu slack=5 tests=interpreted words=(--tiny) timings=(benchmarks/scan.py --length 256 --channels 32)
    shift
fi
out=${1:-gpu_day}
mkdir -p "$out"
failed=0

step() { # NAME SECONDS WORDS...
    local start=$SECONDS code=0
    timeout --signal=INT --kill-after=5 $(($2 * slack)) "${@:3}" >"$out/$1.log" 2>&1 || code=$?
    echo "$1: exit code $code, $((SECONDS - start)) s"
    tail -n 12 "$out/$1.log" | sed 's/^/    /'
    [ "$code" = 0 ] || failed=$((failed + 1))
}

command -v nvidia-smi >/dev/null && nvidia-smi -L
step scan 70 python -m pytest -q -p no:cacheprovider -k "$tests" tests/scan/test_triton_scan.py
step timings 45 python "${timings[@]}"
step pictures 75 python benchmarks/gpu_day.py pictures --device "$device" "${words[@]}"
for recipe in haqagen colormamba; do
    step "$recipe" 140 python benchmarks/gpu_day.py train "$recipe" --device "$device" --seconds $((100 * slack)) "${words[@]}"
done
exit "$failed"
