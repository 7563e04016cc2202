#!/bin/bash
# Compiles the bundles of the native programs with QuickJS and the C compiler; used by build.sh and by the packages of
# distributions. Requires qjsc, cc and QuickJS's library, but neither Node nor esbuild.
# usage: packaging/native/compile.sh DIRECTORY [static]
#   DIRECTORY contains vfio-names.js or vfio_id.js or both, with their parts (bundle.mjs), syscalls.c and limit.c; the
#   programs are created there, with `static` also vfio-names-static and vfio_id-static
# Environment: CC (cc), CPPFLAGS, CFLAGS, LDFLAGS, QUICKJS (a directory with the library), STRIP (strip; `:` keeps symbols),
#   QJSC (qjsc; for a machine of the other byte order, that machine's qjsc under emulation)
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

# The directory differs between builds, so its path must not be in the program.
compile() {
    # shellcheck disable=SC2086 # several flags
    ${CC:-cc} -O2 -ffile-prefix-map="$PWD"=. ${CPPFLAGS:-} ${CFLAGS:-} -isystem "$(dirname "$header")" "$@"
}

# link OUTPUT OBJECT...
link() {
    # shellcheck disable=SC2086 # several flags
    compile ${LDFLAGS:-} -o "$@" "$library" -lm -ldl -lpthread
    ${STRIP:-strip} "$1"
}

# qjsc writes bytecode in the byte order of this machine. With its option -x, for the other order, the program crashes (measured
# with 2025-04-26, for s390x; compiled on s390x, it works).
target_order=$(${CC:-cc} -E -dM -x c /dev/null | awk '$2 == "__BYTE_ORDER__" { print $3 }')
case "${QJSC:+given} $target_order $(printf '\1' | od -An -tu2 | tr -d ' ')" in
    # The bytes 1 and 0 are the number 1, or 256.
    ' __ORDER_BIG_ENDIAN__ 1' | ' __ORDER_LITTLE_ENDIAN__ 256')
        echo "compile: expected a C compiler for a machine with the byte order of this one, found ${CC:-cc}; or set QJSC to that machine's qjsc under qemu-user" >&2
        exit 1
        ;;
esac

compile -Wall -Wextra -Werror -c -o syscalls.o syscalls.c
compile -Wall -Wextra -Werror -c -o limit.o limit.c
for name in vfio-names vfio_id; do
    [ -e "$name.js" ] || continue
    # -m: the bundle is a module. -s omits the names and lines of functions, which makes the program start faster; older
    # releases do not support it.
    # shellcheck disable=SC2206 # a command with arguments
    call=(${QJSC:-qjsc} -m -e -M syscalls,syscalls -o "$name.c")
    while read -r part; do call+=(-D "$part"); done < "$name.parts"
    "${call[@]}" -s "$name.js" > /dev/null 2>&1 || "${call[@]}" "$name.js"
    # qjsc's program reads all modules at its start; here syscalls.c reads each when it is imported.
    sed -n 's/^  js_std_eval_binary(ctx, qjsc_\(.*\), .*, 1);$/{ "\1.js", qjsc_\1, sizeof(qjsc_\1) },/p' "$name.c" > table
    {
        sed '/^  js_std_eval_binary(ctx, .*, 1);$/d' "$name.c"
        echo 'const struct part { const char *name; const uint8_t *bytes; size_t size; } vfio_names_parts[] = {'
        cat table
        echo '{ 0 } };'
    } > "$name.parts.c"
    compile -c -o "$name.o" "$name.parts.c"
    objects=("$name.o" syscalls.o)
    # udev waits for vfio_id.
    [ "$name" != vfio_id ] || objects+=(limit.o)
    link "$name" "${objects[@]}"
    [ "${2:-}" != static ] || link "$name-static" "${objects[@]}" -static 2> /dev/null
done
