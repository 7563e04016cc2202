#!/bin/bash
# Creates a tarball from which distributions build. It is the same for every machine. Uses no network, and is reproducible.
#   vfio-names-VERSION.tar.gz: the sources, and in dist/ the bundles of the native programs for the distribution's QuickJS, the
#     manual, the completions and the schemas. A build from it requires QuickJS and a C compiler.
#   with --source, vfio-names-VERSION-source.tar.gz: nothing that is built; of the libraries, only the one that Debian does not
#     have. A build from it also requires Node.js, esbuild, ajv, handlebars and source-map. It is Debian's orig tarball.
# usage: packaging/tarball.sh [--source] [DIRECTORY]; prints the tarball's path
# Environment: SOURCE_DATE_EPOCH (the date in the changelog of the Debian package)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/sources.sh

kind=''
[ "${1:-}" != --source ] || { kind=-source && shift; }
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
mkdir -p "$output"
if [ -n "$kind" ]; then
    prepare_source "$tree" "${source_modules[@]}"
else
    mkdir -p "$tree/dist/native"
    node packaging/native/prepare.mjs --licenses >&2
    source_files | tar --create --no-recursion --files-from - | tar --extract --directory "$tree"
    # An explicit list, which excludes other builds in dist/ and the native programs of this machine.
    cp -a dist/{completions,man,schemas} "$tree/dist/"
    cp -a dist/native/{vfio-names.{js,parts},vfio_id.{js,parts},part_*.js,limit.c,syscalls.c,licenses.txt} "$tree/dist/native/"
fi
pack_tree "$tree" "$name" "$output/$name$kind.tar.gz"
echo "$output/$name$kind.tar.gz"
