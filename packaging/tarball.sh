#!/bin/bash
# Creates the release tarball from which distributions build: vfio-names-VERSION.tar.gz with the sources, the built dist/,
# the bundles of the native programs for the distribution's QuickJS, and the one library that is not bundled (koffi).
# Uses no network. The result is reproducible.
# usage: packaging/tarball.sh [DIRECTORY]; prints the tarball's path
# Environment: SOURCE_DATE_EPOCH (the date in the changelog of the Debian package)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/sources.sh

if [ ! -d node_modules/koffi ]; then
    echo "packaging/tarball.sh: expected node_modules/koffi, found none; run npm ci" >&2
    exit 2
fi
output=$(realpath -m "${1:-.}")
name=vfio-names-$(node -p 'require("./package.json").version')
SOURCE_DATE_EPOCH=$(source_epoch)
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/$name
mkdir -p "$tree/dist" "$tree/node_modules/@koromix" "$output"

node packaging/npm/build.mjs >&2
source_files | tar --create --no-recursion --files-from - | tar --extract --directory "$tree"
# An explicit list, which excludes files of older builds in dist/ and the native programs of this machine.
cp -a dist/{completions,lib,man,parts,schemas,types,licenses.txt,index.js,probe-worker.cjs,vfio-names.cjs,vfio_id.cjs} "$tree/dist/"
mkdir "$tree/dist/native"
node packaging/native/bundle.mjs src/native.ts "$tree/dist/native/vfio-names.js"
node packaging/native/bundle.mjs src/vfio-id/quickjs.ts "$tree/dist/native/vfio_id.js"
cp packaging/native/limit.c src/system/quickjs/syscalls.c "$tree/dist/native/"
# As installed by npm: for this machine or all machines selected with npm, with koffi's sources.
cp -a node_modules/koffi "$tree/node_modules/"
cp -a node_modules/@koromix/koffi-linux-* "$tree/node_modules/@koromix/"

chmod -R u=rwX,go=rX "$tree"
tar --create --sort=name --format=gnu --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --directory "$work" "$name" | gzip -9 -n > "$output/$name.tar.gz.part"
mv "$output/$name.tar.gz.part" "$output/$name.tar.gz"
echo "$output/$name.tar.gz"
