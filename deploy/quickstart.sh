#!/usr/bin/env bash
# quickstart.sh [--serve]: builds, then trains a small real model through the server and shows what averaging does.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: deploy/quickstart.sh [--serve]
  Builds swa-server, starts it on 127.0.0.1 with a model in memory, trains that model with several
  processes over HTTP, and prints the test accuracy of the last and of the averaged weights.
  --serve  leaves the server running afterwards and prints its URL
TEXT
}
serve=false
for argument in "$@"; do
  case $argument in
    --serve) serve=true ;;
    --help | -h)
      usage
      exit 0
      ;;
    *)
      printf 'quickstart.sh: unknown argument %q\n' "$argument" >&2
      usage >&2
      exit 64
      ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
say() { printf '\n==> %s\n' "$*"; }

bash deploy/packages.sh libssl-dev libcurl4-openssl-dev pkg-config

say "Building (some minutes the first time)"
bash deploy/build.sh

scratch=$(mktemp -d)
server=
finish() {
  local status=$?
  trap - EXIT
  if [[ -n $server ]]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$scratch"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

say "Starting the server"
log=.build/quickstart-server.log
# In a session of its own, so that closing the terminal does not stop a server that was asked to stay.
setsid .build/release/swa-server serve --port 0 --port-file "$scratch/port" >"$log" 2>&1 </dev/null &
server=$!
for _ in {1..100}; do
  [[ ! -s $scratch/port ]] || break
  if ! kill -0 "$server" 2>/dev/null; then
    printf 'The server did not start. It said:\n' >&2
    cat "$log" >&2
    server=
    exit 70
  fi
  sleep 0.1
done
if [[ ! -s $scratch/port ]]; then
  printf 'The server was not listening after 10 seconds; its output is in %s\n' "$log" >&2
  exit 70
fi
url=http://127.0.0.1:$(<"$scratch/port")
printf '%s\n' "$url"

say "Training through it"
.build/release/swa-trainer demo --url "$url"

if $serve; then
  say "The server is still running at $url"
  printf 'Look at it:       curl -f %s/v1/status\n' "$url"
  printf 'Take the average: curl -fo average.safetensors %s/v1/weights/averaged\n' "$url"
  printf 'Stop it:          kill %s\n' "$server"
  server=
else
  say "Stopping the server"
fi
