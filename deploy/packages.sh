#!/usr/bin/env bash
# packages.sh PACKAGE...: makes sure that these Debian packages are installed, and says how when it may not install them.
set -euo pipefail

missing=()
for package in "$@"; do
  state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [[ $state == "install ok installed" ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null || { [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; }; then
    printf 'Packages are missing, and installing them needs root. Please run as root\n\n    apt-get update && %s\n\nand start again.\n' \
      "$install" >&2
    exit 69
  fi
  as_root=(sudo)
fi

printf 'Installing %s\n' "${missing[*]}"
# shellcheck disable=SC2086 # the words of the line that is also shown
if ! { ${as_root[@]+"${as_root[@]}"} apt-get update -qq &&
  ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive $install >/dev/null; }; then
  printf 'Installing packages failed; the line was\n\n    apt-get update && %s\n' "$install" >&2
  exit 69
fi
