#!/bin/bash
# Creates the release tarball from which distributions build: vfio-names-VERSION.tar.gz with the sources, and in dist/ the
# bundles of the native programs for the distribution's QuickJS, the manual, the completions and the schemas. It is the same
# for every machine. Uses no network. The result is reproducible.
# usage: packaging/tarball.sh [DIRECTORY]; prints the tarball's path
# Environment: SOURCE_DATE_EPOCH (the date in the changelog of the Debian package)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/sources.sh

if [ ! -d node_modules/esbuild ]; then
    echo "packaging/tarball.sh: expected node_modules/esbuild, found none; run npm ci" >&2
    exit 2
fi
output=$(realpath -m "${1:-.}")
name=vfio-names-$(node -p 'require("./package.json").version')
SOURCE_DATE_EPOCH=$(source_epoch)
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/$name
mkdir -p "$tree/dist/native" "$output"

node packaging/native/prepare.mjs --licenses >&2
source_files | tar --create --no-recursion --files-from - | tar --extract --directory "$tree"
# An explicit list, which excludes other builds in dist/ and the native programs of this machine.
cp -a dist/{completions,man,schemas} "$tree/dist/"
cp -a dist/native/{vfio-names.{js,parts},vfio_id.{js,parts},part_*.js,limit.c,syscalls.c,licenses.txt} "$tree/dist/native/"

chmod -R u=rwX,go=rX "$tree"
tar --create --sort=name --format=gnu --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --directory "$work" "$name" | gzip -9 -n > "$output/$name.tar.gz.part"
mv "$output/$name.tar.gz.part" "$output/$name.tar.gz"
echo "$output/$name.tar.gz"
