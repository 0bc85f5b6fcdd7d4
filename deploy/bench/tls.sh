#!/usr/bin/env bash
# tls.sh [ROUNDS]: moves 102 MB up and down through the server under TLS and through a C loop over the same library, in
# turns, and prints the median times and their ratio; above 1 the server is faster. Takes the release build as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds=${1:-21}
scratch=$(mktemp -d)
processes=()
finish() {
  local status=$?
  trap - EXIT
  for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
  wait
  rm -rf "$scratch"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

compiler=$(command -v cc || command -v clang)
"$compiler" -D_GNU_SOURCE -O3 -march=native -Wall -Wextra -pthread deploy/bench/tls.c -lssl -lcrypto -o "$scratch/tls"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
  -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null

# The parameters of ResNet-50 in one tensor, all zero: neither cipher nor server goes faster for it.
floats=25557032
bytes=$((4 * floats))
header=$(printf '{"w":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}' "$floats" "$bytes")
while ((${#header} % 8 != 0)); do header+=' '; done
# shellcheck disable=SC2059 # the header's length, one byte of eight
printf "\\x$(printf %02x ${#header})\\0\\0\\0\\0\\0\\0\\0%s" "$header" >"$scratch/model"
truncate -s $((8 + ${#header} + bytes)) "$scratch/model"
size=$((8 + ${#header} + bytes))

await() { # await FILE: the first line of a file, once it is there
  for _ in {1..200}; do
    [[ ! -s $1 ]] || break
    sleep 0.05
  done
  head -n 1 "$1"
}

.build/release/swa-server serve --port 0 --port-file "$scratch/port" --weights "$scratch/model" \
  --tls-cert "$scratch/cert.pem" --tls-key "$scratch/key.pem" 2>"$scratch/log" &
processes+=($!)
port=$(await "$scratch/port")

printf '| 102 MB | server, ms | C, ms | ratio |\n| --- | ---: | ---: | ---: |\n'
measure() { # measure NAME METHOD PATH BODY ANSWER
  local name=$1 method=$2 path=$3 body=$4 answer=$5 head times
  head=$(printf '%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\nx' "$method" "$path" "$body")
  "$scratch/tls" serve "$scratch/cert.pem" "$scratch/key.pem" $((${#head} - 1 + body)) "$answer" >"$scratch/$name" &
  processes+=($!)
  times=$("$scratch/tls" ask "$port" "$method" "$path" "$body" "$rounds" \
    "$(await "$scratch/$name")" "$method" "$path" "$body" "$rounds" <"$scratch/model")
  awk -v name="$name" '{ printf "| %s | %.1f | %.1f | %.2f |\n", name, $1, $2, $2 / $1 }' <<<"$times"
}
measure pull GET /v1/weights 0 "$size"
measure push POST /v1/gradients "$size" 200
measure replace PUT /v1/weights "$size" 200
