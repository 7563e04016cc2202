#!/bin/bash
# Prints the directory with the packages of the current checkout; builds them if they are not in the cache.
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
    # Remove packages older than a week.
    find "$cache" -maxdepth 1 -name "built-$1-*" -mtime +7 -exec rm -rf {} +
    rm -rf "$directory.part"
    bash packaging/package.sh "$1" --output "$directory.part" >&2
    mv "$directory.part" "$directory"
fi
echo "$directory"
