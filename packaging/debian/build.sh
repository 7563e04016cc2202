#!/bin/bash
# Builds the Debian packages in a Debian 13 root directory without network: build.sh SOURCE OUTPUT
# SOURCE is a tree prepared by packaging/package.sh, which the build modifies; OUTPUT is a directory for the packages.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: packaging/debian/build.sh SOURCE OUTPUT" >&2 && exit 2; }
source=$(cd "$1" && pwd) output=$(cd "$2" && pwd)
. "$(dirname "${BASH_SOURCE[0]}")/chroot.sh"

root=$(debian_chroot "$debian_build")
cp -a "$source/packaging/debian" "$source/debian"
rm "$source"/debian/{build,chroot}.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# dpkg-buildpackage writes its results to the parent directory of the source.
mkdir "$work/source"
debian_inside "$root" --bind "$work" /build --bind "$source" /build/source -- bash -euc '
    cd /build/source
    dpkg-buildpackage --no-sign --build=binary
' > "$work/log" 2>&1 || { cat "$work/log" >&2 && exit 1; }
cp "$work/log" "$output/debian.log"
cp "$work"/*.deb "$work"/*.changes "$work"/*.buildinfo "$output"
