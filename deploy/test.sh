#!/usr/bin/env bash
# test.sh [--long]: installs what the tests need, then lints, builds and tests everything.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: deploy/test.sh [--long]
  --long  also runs the Swift tests under ThreadSanitizer and AddressSanitizer, fuzzes the parsers and the application
          (deploy/fuzz.sh), lets thousands of clients and schemathesis loose on the server, and trains with PyTorch
TEXT
}
long=false
for argument in "$@"; do
  case $argument in
    --long) long=true ;;
    --help | -h)
      usage
      exit 0
      ;;
    *)
      usage >&2
      exit 64
      ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
step() { printf '\n[%4d s] %s\n' "$SECONDS" "$*"; }

# Runs the Swift tests of a scratch path. A run without a single test passes in SwiftPM's eyes, so the count is read.
swift_tests() { # swift_tests SCRATCH [OPTION...]
  local scratch=$1 log=$1/tests.log count width=()
  shift
  # All begin at once otherwise, and under a sanitizer their time limits pass while they wait for each other.
  if [[ $# -gt 0 ]]; then width=(--experimental-maximum-parallelization-width "$(nproc)"); fi
  STRICT_BUILD=1 swift build --build-tests --scratch-path "$scratch" "$@"
  # Every case is told in the log; here what failed, and the sum.
  if ! STRICT_BUILD=1 swift test --disable-xctest --skip-build --scratch-path "$scratch" \
    ${width[@]+"${width[@]}"} "$@" >"$log" 2>&1; then
    grep -aE '✘|error:|Sanitizer|Fatal' "$log" | head -n 100
    printf 'the whole log is %s\n' "$log"
    exit 1
  fi
  grep -a 'Test run with' "$log"
  count=$(sed -nE 's/.*Test run with ([0-9]+) tests? .*/\1/p' "$log" | tail -n 1)
  if [[ ${count:-0} -eq 0 ]] && git grep -qE '@Test\b' -- Tests; then
    printf 'no test was run, though there are some\n' >&2
    exit 1
  fi
}

step "packages"
bash deploy/packages.sh libssl-dev libcurl4-openssl-dev pkg-config curl python3-venv

step "Python environment"
requirements=(Tests/FromOutside/requirements.txt)
if $long; then requirements+=(Tests/FromOutside/requirements-long.txt); fi
hash=$(cat "${requirements[@]}" | sha256sum | cut -c1-16)
environment=${XDG_CACHE_HOME:-$HOME/.cache}/swa-server/venv-$hash
if [[ ! -e $environment/complete ]]; then
  rm -rf "$environment"
  python3 -m venv "$environment"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
    "${requirements[@]/#/--requirement=}"
  touch "$environment/complete"
fi

step "format"
swift format lint --strict --recursive --parallel Package.swift Sources Tests

step "walls"
bash deploy/walls.sh

step "strict build and Swift tests"
if $long; then export LONG_TESTS=1; fi
swift_tests .build
unset LONG_TESTS

if $long; then
  # A sanitizer's debug information is large and its backtraces are its own.
  export SWIFT_BACKTRACE=enable=no
  # Swift keeps the addresses of weak references' tables shifted: of living objects too they would be taken for leaks.
  printf 'leak:formWeakReference\n' >.build/leaks
  export LSAN_OPTIONS=suppressions=$PWD/.build/leaks:print_suppressions=0
  for sanitizer in thread address; do
    step "Swift tests under the $sanitizer sanitizer"
    define=()
    [[ $sanitizer == thread ]] && define=(-Xswiftc -DTSAN)
    swift_tests ".build/$sanitizer" --sanitize "$sanitizer" ${define[@]+"${define[@]}"}
  done

  step "fuzzing"
  bash deploy/fuzz.sh
fi

step "release build"
bash deploy/build.sh

step "a package that uses the libraries"
# The same flags and place as the release build, so that only what is new is compiled.
swift build --configuration release --static-swift-stdlib -Xlinker -s \
  --package-path Tests/CustomOptimizer --scratch-path .build

step "tests from outside"
report=(--durations=5)
if $long; then
  export LONG_TESTS=1
  # With what the tests print: how many kills, requests, pushes there were.
  report=(--durations=25 -rP)
fi
SWA_SERVER=$PWD/.build/release/swa-server CUSTOM_OPTIMIZER=$PWD/.build/release PYTHONDONTWRITEBYTECODE=1 \
  "$environment/bin/python" -m pytest -p no:cacheprovider -q "${report[@]}" Tests/FromOutside

step "quickstart"
bash deploy/quickstart.sh

step "all passed"
