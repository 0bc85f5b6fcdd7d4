#!/usr/bin/env bash
# fuzz.sh [SECONDS [TARGET...]]: fuzzes the parsers and the application with libFuzzer under AddressSanitizer, each for so
# many seconds (60), from the inputs in Tests/Fuzz/Corpus. What it finds is left in .build/fuzz/finds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
if ! [[ $seconds =~ ^[0-9]+$ ]]; then
  printf 'usage: deploy/fuzz.sh [SECONDS [TARGET...]]\n' >&2
  exit 64
fi
targets=("${@:2}")
if [[ ${#targets[@]} -eq 0 ]]; then
  for folder in Tests/Fuzz/Corpus/*/; do targets+=("$(basename "$folder")"); done
fi

scratch=.build/fuzz
mkdir -p "$scratch/finds"
# Optimized, for the number of executions; checks of the language stay in.
FUZZ=1 STRICT_BUILD=1 swift build --configuration release --scratch-path "$scratch" --product Fuzz \
  -Xswiftc -enable-testing -Xswiftc -sanitize=fuzzer,address
swiftc -use-ld=lld -sanitize=fuzzer,address "$scratch/release/libFuzz.a" -o "$scratch/fuzz"

# A backtrace of Swift's own would make a crash wait for it.
export SWIFT_BACKTRACE=enable=no
failed=0
for target in "${targets[@]}"; do
  [[ -d Tests/Fuzz/Corpus/$target ]] || { printf 'there is no target %q\n' "$target" >&2; exit 64; }
  # What this machine found before is a better start than the committed inputs alone.
  mkdir -p "$scratch/corpus/$target"
  log=$scratch/$target.log
  if ! FUZZ_TARGET=$target "$scratch/fuzz" "$scratch/corpus/$target" "Tests/Fuzz/Corpus/$target" \
    -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$scratch/finds/$target-" >"$log" 2>&1; then
    failed=1
    grep -aE 'ERROR|SUMMARY|Fatal|Precondition|Test unit' "$log" | head -n 20 >&2
    printf '%s: a find; the log is %s\n' "$target" "$log" >&2
  fi
  executions=$(sed -nE 's/^stat::number_of_executed_units: *([0-9]+).*/\1/p' "$log" | tail -n 1)
  coverage=$(grep -aoE 'cov: [0-9]+' "$log" | tail -n 1)
  if [[ ${executions:-0} -eq 0 ]]; then
    printf '%s: nothing was executed; the log is %s\n' "$target" "$log" >&2
    failed=1
  fi
  finds=$(grep -ac 'Test unit written to' "$log" || true)
  printf '%-14s %10s executions in %s s, %s, %s finds\n' "$target" "${executions:-0}" "$seconds" "${coverage:-}" "$finds"
done
exit "$failed"
