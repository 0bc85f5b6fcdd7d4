#!/usr/bin/env bash
# ten-seeds.sh: trains the demo with seeds 0 to 9, each through a server of its own, and prints what averaging does as a
# Markdown table. Fails when the last weights of a seed are below 90 %, the averaged ones not above 95 %, or when averaging
# loses in more than one seed or gains less than half a point in the mean.
set -euo pipefail

if [[ $# -gt 0 ]]; then
  printf 'usage: deploy/ten-seeds.sh\n' >&2
  exit 64
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash deploy/build.sh >&2

scratch=$(mktemp -d)
server=
stop_server() {
  [[ -n $server ]] || return 0
  kill -TERM "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
}
finish() {
  local status=$?
  trap - EXIT
  stop_server
  rm -rf "$scratch"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start_server() {
  rm -f "$scratch/port"
  .build/release/swa-server serve --port 0 --port-file "$scratch/port" >"$scratch/server.log" 2>&1 </dev/null &
  server=$!
  for _ in {1..100}; do
    [[ ! -s $scratch/port ]] || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  printf 'The server did not start. It said:\n' >&2
  cat "$scratch/server.log" >&2
  exit 70
}

number() { # number PATTERN: the number that the demo's output has where the pattern has its group
  local found
  found=$(sed -nE "s/.*$1.*/\1/p" "$scratch/demo")
  if [[ -z $found ]]; then
    printf 'no "%s" in what the demo said:\n' "$1" >&2
    cat "$scratch/demo" >&2
    exit 70
  fi
  printf '%s' "$found"
}

printf '| seed | last weights | averaged weights | gain | pushes | staleness mean | staleness max | seconds |\n'
printf '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n'
for seed in {0..9}; do
  start_server
  .build/release/swa-trainer demo --url "http://127.0.0.1:$(<"$scratch/port")" --seed "$seed" >"$scratch/demo"
  stop_server
  last=$(number 'accuracy of the last weights: ([0-9.]+) %')
  averaged=$(number 'accuracy of the averaged weights: ([0-9.]+) %')
  pushes=$(number ' ([0-9]+) pushes in')
  mean=$(number 'staleness: mean ([0-9.]+)')
  max=$(number 'staleness: .*max ([0-9]+)')
  seconds=$(number 'pushes in ([0-9.]+) seconds')
  printf '%s %s\n' "$last" "$averaged" >>"$scratch/results"
  awk -v seed="$seed" -v last="$last" -v averaged="$averaged" -v rest="$pushes | $mean | $max | $seconds" \
    'BEGIN { printf "| %d | %.1f %% | %.1f %% | %+.1f | %s |\n", seed, last, averaged, averaged - last, rest }'
done

awk '
  { last += $1; averaged += $2 }
  $1 < 90 { print "missed: the last weights of seed " NR - 1 " are below 90 %" > "/dev/stderr"; missed = 1 }
  $2 <= 95 { print "missed: the averaged weights of seed " NR - 1 " are not above 95 %" > "/dev/stderr"; missed = 1 }
  $2 < $1 { losses++ }
  END {
    gain = (averaged - last) / NR
    printf "| mean | %.1f %% | %.1f %% | %+.1f | | | | |\n", last / NR, averaged / NR, gain
    if (losses > 1) { print "missed: averaging lost in " losses " seeds" > "/dev/stderr"; missed = 1 }
    if (gain < 0.5) { print "missed: averaging gains only " gain " points" > "/dev/stderr"; missed = 1 }
    exit missed
  }' "$scratch/results"
