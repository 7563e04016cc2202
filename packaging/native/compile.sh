#!/bin/bash
# From vfio_id.js to vfio_id, by QuickJS and the C compiler; for build.sh and for the packages of distributions.
# Needs qjsc, cc and QuickJS's library. Knows nothing of Node, esbuild or where the program goes.
# usage: packaging/native/compile.sh DIRECTORY [static]
#   DIRECTORY holds vfio_id.js and limit.c and gets vfio_id; with `static` vfio_id-static too
# Environment: CC (cc), CPPFLAGS, CFLAGS, LDFLAGS, QUICKJS (a directory that has the library), STRIP (strip; `:` keeps symbols)
set -euo pipefail
cd "$1"

# find_in DIRECTORY... FILE: its first path. Not every system has every directory; find fails then, and that says nothing.
find_in() { { find "${@:1:$#-1}" -name "${!#}" 2> /dev/null || true; } | head -n 1; }
# lib64 is where Fedora and its kin have the library.
library=$(find_in ${QUICKJS:+"$QUICKJS"} /usr/lib /usr/lib64 /usr/local/lib /usr/local/lib64 libquickjs.a)
header=$(find_in ${QUICKJS:+"$QUICKJS"} /usr/include /usr/local/include quickjs-libc.h)
if [ -z "$library" ] || [ -z "$header" ]; then
    echo "compile: expected QuickJS's library and header (package libquickjs), found none" >&2
    exit 1
fi
# Without the names and lines of its functions, which nobody is told, it starts sooner; older releases can't leave them out.
qjsc -s -e -o vfio_id.c vfio_id.js > /dev/null 2>&1 || qjsc -e -o vfio_id.c vfio_id.js

link() {
    local output=$1
    shift
    # The directory is another one each time; no path of it may be in the program.
    # shellcheck disable=SC2086 # flags are words
    ${CC:-cc} -O2 -ffile-prefix-map="$PWD"=. ${CPPFLAGS:-} ${CFLAGS:-} -I"$(dirname "$header")" -o "$output" vfio_id.c limit.c \
        ${LDFLAGS:-} "$@" "$library" -lm -ldl -lpthread
    ${STRIP:-strip} "$output"
}
link vfio_id
[ "${2:-}" != static ] || link vfio_id-static -static 2> /dev/null
