#!/bin/bash
# Builds the packages for Fedora and related distributions with Debian 13's rpmbuild, without network. On Fedora, run
# `rpmbuild -ta vfio-names-VERSION.tar.gz` (tarball: packaging/tarball.sh).
# usage: packaging/rpm/build.sh SOURCE OUTPUT
#   SOURCE: the sources with node_modules, or a checkout; OUTPUT: an empty or new directory for *.rpm
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
mkdir "$work/SOURCES"
unshare --net bash "$source/packaging/tarball.sh" "$work/SOURCES" > /dev/null
cp "$source"/packaging/rpm/{vfio-names.spec,macros.debian} "$work"

# --nodeps, because the build dependencies are Debian packages.
# shellcheck disable=SC2016 # expanded by the inner shell
debian_inside "$tools" --bind "$work" /work -- env SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" bash -euc '
    rpmbuild --quiet --nodeps -ba --load /work/macros.debian --define "_topdir /work" --define "_buildhost reproducible" \
        --define "use_source_date_epoch_as_buildtime 1" --define "build_mtime_policy clamp_to_source_date_epoch" \
        --define "optflags -O2 -g" /work/vfio-names.spec > /work/log 2>&1 ||
        { cat /work/log >&2 && exit 1; }
'
mkdir -p "$output"
find "$work/RPMS" "$work/SRPMS" -name '*.rpm' -exec cp -t "$output" {} +
ls "$output"/*.rpm
