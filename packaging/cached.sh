#!/bin/bash
# Prints the directory with the packages of the current checkout; builds them if they are not in the cache.
# Usage: packaging/cached.sh [--if-built] deb|rpm|arch|apk
#   --if-built: exits with status 1 instead of building
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/sources.sh

if_built=''
[ "${1:-}" != --if-built ] || { if_built=yes && shift; }
cache=${VFIO_NAMES_VM_CACHE:-$HOME/.cache/vfio-names}/packages
directory=$cache/built-${1:?expected deb, rpm, arch or apk}-$(source_key)
mkdir -p "$cache"
exec 9> "$cache/built-$1.lock"
flock 9
if [ ! -d "$directory" ]; then
    [ -z "$if_built" ] || exit 1
    # Remove packages older than a week.
    find "$cache" -maxdepth 1 -name "built-$1-*" -mtime +7 -exec rm -rf {} +
    rm -rf "$directory.part"
    bash packaging/package.sh "$1" --rebuild --output "$directory.part" > /dev/null
    mv "$directory.part" "$directory"
fi
echo "$directory"
