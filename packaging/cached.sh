#!/bin/bash
# Prints the directory with the packages of the checkout as it is; builds them unless they are in the cache.
# Usage: packaging/cached.sh deb|rpm|arch|apk
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/sources.sh

cache=${VFIO_NAMES_VM_CACHE:-$HOME/.cache/vfio-names}/packages
directory=$cache/built-${1:?expected deb, rpm, arch or apk}-$(source_key)
mkdir -p "$cache"
exec 9> "$cache/built-$1.lock"
flock 9
if [ ! -d "$directory" ]; then
    # Those of a week ago are of no use.
    find "$cache" -maxdepth 1 -name "built-$1-*" -mtime +7 -exec rm -rf {} +
    rm -rf "$directory.part"
    bash packaging/package.sh "$1" --output "$directory.part" >&2
    mv "$directory.part" "$directory"
fi
echo "$directory"
