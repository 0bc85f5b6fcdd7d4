#!/usr/bin/env bash
# walls.sh: which room may import which, where unsafe code may stand, and what the top level holds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

broken=0
complain() {
  printf 'wall: %s\n' "$1" >&2
  broken=1
}

# Where `unsafe` may stand: the owners of memory, of descriptors and of C handles.
unsafe_files=(
  Sources/Optimizers/BlockTarget.swift
  Sources/Optimizers/Span+SumOfSquares.swift
  Sources/ModelStore/Durability/SystemFiles.swift
  Sources/ParameterClient/CurlHandle.swift
  Sources/ParameterClient/LocalFile.swift
  Sources/Processes/ChildProcess.swift
  Sources/Sockets/AddressCandidates.swift
  Sources/Sockets/Listener.swift
  Sources/Sockets/Poller.swift
  Sources/Sockets/SocketAddress.swift
  Sources/Sockets/SocketError.swift
  Sources/Sockets/SocketStream.swift
  Sources/Sockets/SocketStream+Connecting.swift
  Sources/Sockets/Span+Copy.swift
  Sources/Sockets/SystemThread.swift
  Sources/swa-server/StandardStream.swift
  Sources/TLS/Certificate.swift
  Sources/TLS/ErrorQueue.swift
  Sources/TLS/PEMText.swift
  Sources/TLS/SHA256.swift
  Sources/TLS/TLSContext.swift
  Sources/TLS/TLSStream.swift
  Sources/TLS/TransportBIO.swift
  Sources/Tensors/CRC32.swift
  Sources/Tensors/CRC32C.swift
  Sources/Tensors/Region.swift
  Sources/Tensors/RegionPool.swift
  Sources/Tensors/RegionStorage.swift
)

# The rooms that each room may import. Anything else that is a room's name is a wrong arrow.
declare -A may_import=(
  [Locks]="CLinux"
  [Processes]=""
  [Tensors]="CLinux Locks"
  [Optimizers]="Tensors CMath"
  [ModelStore]="Optimizers Tensors CLinux Locks"
  [Sockets]="CLinux Locks"
  [TLS]="Sockets COpenSSL"
  [HTTPServer]="Sockets Locks"
  [ParameterServer]="ModelStore Optimizers Tensors HTTPServer Locks"
  [ParameterClient]="Tensors CCurl"
  [swa-server]="ParameterServer ModelStore Optimizers Tensors HTTPServer Sockets TLS Locks Processes"
  [swa-trainer]="ParameterClient Tensors CDigits Processes"
  [CLinux]="" [CDigits]="" [COpenSSL]="" [CCurl]="" [CMath]=""
)

imported() { # imported FILE: the modules that a Swift file imports
  sed -nE 's/^[[:space:]]*((@[A-Za-z_]+(\([^)]*\))?|public|package|internal|fileprivate|private)[[:space:]]+)*import[[:space:]]+((struct|class|enum|protocol|func|var|let|typealias)[[:space:]]+)?([A-Za-z0-9_]+).*/\6/p' "$1"
}

importers_of_clinux_in_store=0
while IFS= read -r file; do
  room=${file#Sources/}
  room=${room%%/*}
  if [[ -z ${may_import[$room]+set} ]]; then
    complain "$file: $room is no known room"
    continue
  fi
  while IFS= read -r module; do
    [[ $room == ModelStore && $module == CLinux ]] && importers_of_clinux_in_store=$((importers_of_clinux_in_store + 1))
    [[ $room == Optimizers && $module == Foundation* ]] && complain "$file: Optimizers imports no Foundation"
    # A command's module is named like its folder, with _ for -.
    [[ -n ${may_import[${module//_/-}]+set} && $module != "${room//-/_}" ]] || continue
    [[ " ${may_import[$room]} " == *" $module "* ]] || complain "$file: $room may not import $module"
  done < <(imported "$file")
done < <(git ls-files 'Sources/*.swift')
[[ $importers_of_clinux_in_store -le 1 ]] || complain "ModelStore: only the file-writer may import CLinux"

while IFS= read -r line; do
  complain "$line: speaks HTTP below HTTPServer"
done < <(git grep -nE 'HTTPField|HTTPRequest|HTTPResponse|HTTPTypes|statusCode' -- Sources/Tensors Sources/Optimizers Sources/ModelStore || true)

while IFS= read -r line; do
  complain "$line: Optimizers does no input or output"
done < <(git grep -nE '\b(print|getenv|fopen|fputs|readLine)\(' -- Sources/Optimizers | grep -vE '(func |\.)print\(' || true)

while IFS= read -r line; do
  complain "$line: a lock is Locks.Lock, whose order ThreadSanitizer sees"
done < <(git grep -nE '\bMutex[(<]' -- Sources ':!Sources/Locks' || true)

while IFS= read -r file; do
  [[ " ${unsafe_files[*]} " == *" $file "* ]] || complain "$file: unsafe code stands only in the files listed in deploy/walls.sh"
done < <(git grep -lw unsafe -- 'Sources/*.swift' || true)
for file in "${unsafe_files[@]}"; do
  git grep -qw unsafe -- "$file" || complain "$file: listed in deploy/walls.sh, but holds no unsafe code"
done

while IFS= read -r name; do
  complain "$name: the top level holds Package.swift, Sources, Tests, deploy, openapi.yaml and README.md alone"
done < <(git ls-files | cut -d/ -f1 | sort -u | grep -vxE 'Package\.swift|Sources|Tests|deploy|openapi\.yaml|README\.md|\..*' || true)
for name in Package.swift Sources Tests deploy openapi.yaml README.md; do
  [[ -n $(git ls-files -- "$name") ]] || complain "$name is missing"
done
exit "$broken"
