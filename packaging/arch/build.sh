#!/bin/bash
# Builds the packages for Arch Linux with Debian 13's makepkg, without network. On Arch, run `makepkg` in a directory with
# the PKGBUILD and the tarball (packaging/tarball.sh).
# usage: packaging/arch/build.sh SOURCE OUTPUT
#   SOURCE: the sources with node_modules, or a checkout; OUTPUT: a directory for *.pkg.tar.zst and the PKGBUILD
# Environment: SOURCE_DATE_EPOCH, and the variables of packaging/debian/chroot.sh
set -euo pipefail
source=$(realpath "${1:?expected SOURCE OUTPUT}") output=$(realpath -m "${2:?expected SOURCE OUTPUT}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. packaging/sources.sh
. packaging/tools.sh
SOURCE_DATE_EPOCH=$(source_epoch)
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/packages"
tarball=$(unshare --net bash "$source/packaging/tarball.sh" "$work")
sum=$(sha256sum "$tarball" | cut -c 1-64)
sed "s/^sha256sums=.*/sha256sums=($sum)/" "$source/packaging/arch/PKGBUILD" > "$work/PKGBUILD"
cp "$source/packaging/arch/makepkg.conf" "$work"

# makepkg refuses to run as root. --nodeps, because the build dependencies are Debian packages.
# shellcheck disable=SC2016 # expanded by the inner shell
debian_inside "$tools" --bind "$work" /build -- env SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" bash -euc '
    chown -R nobody /build
    cd /build
    setpriv --reuid nobody --regid nogroup --clear-groups env HOME=/tmp BUILDDIR=/build/tmp PKGDEST=/build/packages \
        makepkg --config /build/makepkg.conf --nodeps --nocolor > /build/log 2>&1 || { cat /build/log >&2 && exit 1; }
'
mkdir -p "$output"
cp -t "$output" "$work"/packages/*.pkg.tar.zst "$work/PKGBUILD" "$tarball"
ls "$output"/*.pkg.tar.zst
