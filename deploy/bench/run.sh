#!/usr/bin/env bash
# run.sh [BENCH-OPTION...]: builds the server and the C yardstick, lets them take turns, and prints the results as Markdown:
# the machine, the commit and the command first. Without options it takes about ten minutes; `swa-server bench --help` has
# the options. On a machine that does other things meanwhile, only the ratios mean something, and those not much.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Five rounds of half a second: with the largest models, whose requests take longer, ten minutes in all.
(($# > 0)) || set -- --seconds 0.5

bash deploy/build.sh >&2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
compiler=$(command -v cc || command -v clang)
"$compiler" -O3 -march=native -Wall -Wextra -pthread deploy/bench/yardstick.c -o "$scratch/yardstick"

changed=
[[ -z $(git status --porcelain --untracked-files=no) ]] || changed=', with changes'
printf -- '- machine: %s, %s cores, %s of memory, Linux %s, TCP by %s\n' \
  "$(sed -nE 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
  "$(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)" "$(uname -r)" \
  "$(cat /proc/sys/net/ipv4/tcp_congestion_control)"
printf -- '- commit: %s%s\n' "$(git rev-parse --short HEAD)" "$changed"
printf -- '- command: `deploy/bench/run.sh%s`, load average at the start %s\n\n' "${*:+ $*}" "$(cut -d' ' -f1 /proc/loadavg)"

# The lines are for `--compare` in a later run.
.build/release/swa-server bench --yardstick "$scratch/yardstick" "$@" | tee .build/bench.jsonl | grep -v '^{'
printf '\nThe figures of each line, for --compare, are in .build/bench.jsonl\n' >&2
