#!/bin/bash
# Builds the Debian source package and the binary packages in a Debian 13 root directory without network: build.sh SOURCE OUTPUT
# SOURCE is a tree prepared by packaging/package.sh, which the build modifies; OUTPUT is a directory for the packages.
# Environment: SOURCE_DATE_EPOCH
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: packaging/debian/build.sh SOURCE OUTPUT" >&2 && exit 2; }
source=$(cd "$1" && pwd) output=$(cd "$2" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. packaging/sources.sh
. packaging/debian/chroot.sh

root=$(debian_chroot "$debian_build")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n '1s/.*(\(.*\)-.*/\1/p' "$source/packaging/debian/changelog")
# The same file as `packaging/tarball.sh --source` creates.
pack_tree "$source" "vfio-names-$version" "$work/vfio-names_$version.orig.tar.gz"
cp -a "$source/packaging/debian" "$source/debian"
rm "$source"/debian/{build,chroot}.sh
# dpkg-buildpackage writes its results to the parent directory of the source.
mkdir "$work/source"
debian_inside "$root" --bind "$work" /build --bind "$source" /build/source -- bash -euc '
    cd /build/source
    dpkg-buildpackage --no-sign --build=full
' > "$work/log" 2>&1 || { cat "$work/log" >&2 && exit 1; }
cp "$work/log" "$output/debian.log"
cp "$work"/*.{deb,dsc,changes,buildinfo} "$work"/*.{orig.tar.gz,debian.tar.xz} "$output"
