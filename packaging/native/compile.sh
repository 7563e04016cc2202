#!/bin/bash
# Compiles vfio_id.js to vfio_id with QuickJS and the C compiler; used by build.sh and by the packages of distributions.
# Requires qjsc, cc and QuickJS's library, but neither Node nor esbuild.
# usage: packaging/native/compile.sh DIRECTORY [static]
#   DIRECTORY contains vfio_id.js and limit.c; vfio_id is created there, with `static` also vfio_id-static
# Environment: CC (cc), CPPFLAGS, CFLAGS, LDFLAGS, QUICKJS (a directory with the library), STRIP (strip; `:` keeps symbols)
set -euo pipefail
cd "$1"

# find_in DIRECTORY... FILE: prints the first path found. find's exit status is ignored, since some directories may not exist.
find_in() { { find "${@:1:$#-1}" -name "${!#}" 2> /dev/null || true; } | head -n 1; }
# Fedora and related distributions use lib64.
library=$(find_in ${QUICKJS:+"$QUICKJS"} /usr/lib /usr/lib64 /usr/local/lib /usr/local/lib64 libquickjs.a)
header=$(find_in ${QUICKJS:+"$QUICKJS"} /usr/include /usr/local/include quickjs-libc.h)
if [ -z "$library" ] || [ -z "$header" ]; then
    echo "compile: expected QuickJS's library and header (package libquickjs), found none" >&2
    exit 1
fi
# -s omits the names and lines of functions, which makes the program start faster; older releases do not support it.
qjsc -s -e -o vfio_id.c vfio_id.js > /dev/null 2>&1 || qjsc -e -o vfio_id.c vfio_id.js

link() {
    local output=$1
    shift
    # The directory differs between builds, so its path must not be in the program.
    # shellcheck disable=SC2086 # several flags
    ${CC:-cc} -O2 -ffile-prefix-map="$PWD"=. ${CPPFLAGS:-} ${CFLAGS:-} -I"$(dirname "$header")" -o "$output" vfio_id.c limit.c \
        ${LDFLAGS:-} "$@" "$library" -lm -ldl -lpthread
    ${STRIP:-strip} "$output"
}
link vfio_id
[ "${2:-}" != static ] || link vfio_id-static -static 2> /dev/null
