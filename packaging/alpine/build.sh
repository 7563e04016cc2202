#!/bin/bash
# Creates the input of Alpine's abuild: a directory with the APKBUILD, its scripts and the tarball, whose checksum it
# inserts. abuild is only available on Alpine; run `abuild -r` in that directory there to build the packages.
# usage: packaging/alpine/build.sh SOURCE OUTPUT
#   SOURCE: the sources with node_modules, or a checkout; OUTPUT: a directory, in which alpine/ is created
# Environment: SOURCE_DATE_EPOCH
set -euo pipefail
source=$(realpath "${1:?expected SOURCE OUTPUT}") output=$(realpath -m "${2:?expected SOURCE OUTPUT}")/alpine

mkdir -p "$output"
tarball=$(unshare --net bash "$source/packaging/tarball.sh" "$output")
cp -t "$output" "$source"/packaging/alpine/{APKBUILD,vfio-names.post-*}
cd "$output"
sum=$(sha512sum "$(basename "$tarball")")
sed -i "s|^sha512sums=\"\$|&\n$sum|" APKBUILD
chmod 644 ./*
ls "$output"/*
