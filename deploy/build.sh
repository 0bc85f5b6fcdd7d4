#!/usr/bin/env bash
# build.sh [--native]: builds swa-server and swa-trainer for release, into .build/release; with --native for all
# instructions that this machine's processor has, in which loops over small models are faster. No result changes.
set -euo pipefail
case "${*:-}" in
  "") processor=() ;;
  --native) processor=(-Xswiftc -target-cpu -Xswiftc native -Xcc -march=native) ;;
  *)
    printf 'usage: deploy/build.sh [--native]\n' >&2
    exit 64
    ;;
esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v swift >/dev/null; then
  printf 'There is no swift on the PATH. A toolchain (6.3 or later) is at https://www.swift.org/install/\n' >&2
  exit 69
fi
swift build --configuration release --static-swift-stdlib -Xlinker -s ${processor[@]+"${processor[@]}"}
