#!/usr/bin/env bash
# kernels.sh [--native] [KERNEL...]: times the optimizers' loops against the same loops in C (kernels.c), in turn and on one
# thread, and prints a Markdown table of the fastest passes: whatever else the machine does only adds. C is compiled for the
# instructions that the release build uses by default, and once more for all that this processor has, fused multiply-add
# among them; --native builds the server for those too. Fails when a result has other bits than C's, or when SGD, momentum,
# Adam or the average reach less than 0.9 of the speed of the C that has the same instructions, or another loop less than 0.75.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

native=()
if [[ ${1:-} == --native ]]; then
  native=(--native)
  shift
fi
bash deploy/packages.sh gcc libc6-dev
bash deploy/build.sh ${native[@]+"${native[@]}"} >&2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Without errno a square root is one instruction, as in Swift; no result changes.
c_flags=(-O3 -fno-math-errno -Wall)
gcc "${c_flags[@]}" deploy/bench/kernels.c -lm -o "$scratch/c"
gcc "${c_flags[@]}" -march=native deploy/bench/kernels.c -lm -o "$scratch/native"

kernels=("$@")
if [[ ${#kernels[@]} -eq 0 ]]; then
  kernels=(sgd momentum nesterov adam amsgrad adamw adamax nadam rmsprop rmsprop_centered rmsprop_momentum
    rmsprop_centered_momentum adagrad adadelta ftrl assign average moving_average)
fi

run() { # run PROGRAM KERNEL PARAMETERS PASSES: the seconds of the fastest pass and the checksum of the result
  local line
  if [[ $1 == swift ]]; then
    line=$(.build/release/swa-server bench kernels --kernel "$2" --parameters "$3" --passes "$4")
  else
    line=$("$scratch/$1" "$2" "$3" "$4")
  fi
  sed -nE 's/.*"checksum":"([0-9a-f]+)".*"seconds":([0-9.e-]+).*/\2 \1/p' <<<"$line"
}

measure() { # measure KERNEL PARAMETERS PASSES: a row of the table
  local kernel=$1 round program
  for round in 1 2 3 4 5; do
    for program in c swift native; do
      printf '%s %s\n' "$program" "$(run "$program" "$kernel" "$2" "$3")"
    done
  done >"$scratch/times"
  awk -v kernel="$kernel" -v parameters="$2" -v peer="${native[*]:+native}" '
    { if (!($1 in fastest) || $2 < fastest[$1]) fastest[$1] = $2; sums[$1] = $3 }
    END {
      c = fastest["c"]; ours = fastest["swift"]; native = fastest["native"]
      printf "| %s | %d | %.3f | %.3f | %.2f | %.3f | %.2f |\n", kernel, parameters, 1e3 * c, 1e3 * ours, c / ours, 1e3 * native, native / ours
      if (sums["c"] != sums["swift"]) { print "missed: " kernel " has other bits than C" > "/dev/stderr"; exit 1 }
      least = kernel ~ /^(sgd|momentum|adam|average)$/ ? 0.9 : 0.75
      speed = (peer ? native : c) / ours
      if (speed < least) { printf "missed: %s of %d parameters has %.2f of the speed of C, not %s\n", kernel, parameters, speed, least > "/dev/stderr"; exit 1 }
    }' "$scratch/times"
}

missed=0
printf '| loop | parameters | C ms | Swift ms | speed | C for this processor ms | speed |\n'
printf '| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n'
for kernel in "${kernels[@]}"; do
  measure "$kernel" 25600000 5 || missed=1
  measure "$kernel" 65536 2000 || missed=1
done
exit "$missed"
