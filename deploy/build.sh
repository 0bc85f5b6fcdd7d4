#!/usr/bin/env bash
# build.sh: builds swa-server and swa-trainer for release, into .build/release.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v swift >/dev/null; then
  printf 'There is no swift on the PATH. A toolchain (6.3 or later) is at https://www.swift.org/install/\n' >&2
  exit 69
fi
swift build --configuration release --static-swift-stdlib -Xlinker -s
