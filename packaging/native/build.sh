#!/bin/bash
# Compiles the native programs: TypeScript -> esbuild -> qjsc -> cc. Creates dist/native/vfio-names and dist/native/vfio_id.
# With --chroot it uses the compiler of a Debian 13 root directory created by debootstrap (Debian 12 has no QuickJS), and
# also creates dist/native/NAME-static, the same programs for hosts whose C library is older than Debian 13's.
# With --loop it also creates dist/native/vfio_id-loop, the same code for the fuzzer, which runs many calls in one process.
# With --sanitize and --chroot it also creates dist/native/vfio-names-sanitized, with syscalls.c under AddressSanitizer and
# UndefinedBehaviorSanitizer, and dist/native/check-syscalls; both run only where the Debian 13 directory is.
# With --target arm64|i386|s390x|musl it creates only dist/native/TARGET/vfio-names, vfio_id and the static ones beside them, in
# a Debian 13 directory with a compiler for that target.
# With --if-old it does nothing if the programs exist and are newer than their sources.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cache=${VFIO_NAMES_VM_CACHE:-$HOME/.cache/vfio-names}/native

die() {
    echo "build:native: $*" >&2
    exit 1
}

make_chroot() {
    [ ! -d "$cache/trixie" ] || return 0
    [ "$(id -u)" -eq 0 ] || die "making the Debian 13 directory needs root (debootstrap); run once as root"
    command -v debootstrap > /dev/null || { apt-get update -qq && apt-get install -y -qq debootstrap > /dev/null; }
    mkdir -p "$cache"
    rm -rf "$cache/trixie.part"
    debootstrap --variant=minbase --include=quickjs,libquickjs,gcc,libc6-dev,binutils \
        trixie "$cache/trixie.part" "${VFIO_NAMES_VM_MIRROR:-http://deb.debian.org/debian}" > "$cache/trixie.log" 2>&1 ||
        { tail -n 20 "$cache/trixie.log" >&2; die "the Debian 13 directory could not be made"; }
    rm -rf "$cache/trixie.part"/var/cache/apt/archives/*.deb
    mv "$cache/trixie.part" "$cache/trixie"
}

# is_new FILE...: the files exist and no source is newer.
is_new() {
    local file
    for file; do
        [ -x "$file" ] && [ -z "$(find src templates packaging/native test/fuzz/native-loop.ts test/integration/native/check-syscalls.ts package.json -newer "$file" -print -quit)" ] ||
            return 1
    done
}

chroot='' if_old='' loop='' sanitize='' target=''
while [ $# -gt 0 ]; do
    case $1 in
        --chroot) chroot=yes ;;
        --if-old) if_old=yes ;;
        --loop) loop=yes ;;
        --sanitize) sanitize=yes ;;
        --target) target=${2:?"build:native: expected a target behind --target"} chroot=yes && shift ;;
        *) die "expected --chroot, --loop, --sanitize, --target TARGET or --if-old, found $1" ;;
    esac
    shift
done
[ -z "$target" ] || [ -z "$loop$sanitize" ] || die "expected --target alone or with --if-old"
out=dist/native${target:+/$target}
results=("$out/vfio-names" "$out/vfio_id")
[ -z "$chroot" ] || results+=("$out/vfio-names-static" "$out/vfio_id-static")
[ -z "$loop" ] || results+=("$out/vfio_id-loop")
[ -z "$sanitize" ] || results+=("$out/vfio-names-sanitized" "$out/check-syscalls")
[ -z "$sanitize" ] || [ -n "$chroot" ] || die "expected --chroot with --sanitize, found none"
[ -z "$if_old" ] || ! is_new "${results[@]}" || exit 0

work=$(mktemp -d)
inside=''
trap 'rm -rf "$work" ${inside:+"$inside"}' EXIT
mkdir -p "$out"
if [ -n "$target" ]; then
    . packaging/native/targets.sh
    choose_target "$target"
elif [ -z "$chroot" ]; then
    command -v qjsc > /dev/null || die "expected qjsc (package quickjs of Debian 13, Fedora, Arch or Alpine), found none; on Debian 12 use npm run build:native -- --chroot"
else
    mkdir -p "$cache"
    exec 9> "$cache/lock"
    flock 9
    make_chroot
    inside=$(mktemp -d "$cache/trixie/tmp/build.XXXXXX")
fi

# compile DIRECTORY [VARIABLE=VALUE...]: compiles the bundles in $work/DIRECTORY with these variables, with --chroot also
# statically linked.
compile() {
    local linked=static
    # AddressSanitizer cannot be linked statically.
    [[ "$*" != *fsanitize* ]] || linked=''
    cp packaging/native/limit.c src/system/quickjs/syscalls.c "$work/$1"
    if [ -n "$target" ]; then
        cp packaging/native/compile.sh "$work"
        debian_inside "$target_root" --bind "$work" /work -- "${target_environment[@]}" bash /work/compile.sh "/work/$1" static
    elif [ -z "$chroot" ]; then
        bash packaging/native/compile.sh "$work/$1"
    else
        cp -r "$work/$1" packaging/native/compile.sh "$inside"
        chroot "$cache/trixie" /usr/bin/env "${@:2}" /bin/bash "/tmp/$(basename "$inside")/compile.sh" "/tmp/$(basename "$inside")/$1" $linked
        cp -r "$inside/$1" "$work"
    fi
}

mkdir "$work/programs"
node packaging/npm/generate.mjs
node packaging/native/bundle.mjs src/native.ts "$work/programs/vfio-names.js"
node packaging/native/bundle.mjs src/vfio-id/quickjs.ts "$work/programs/vfio_id.js"
compile programs
if [ -n "$loop" ]; then
    mkdir "$work/loop"
    node packaging/native/bundle.mjs test/fuzz/native-loop.ts "$work/loop/vfio_id.js"
    compile loop
    install -m 755 "$work/loop/vfio_id${chroot:+-static}" "$out/vfio_id-loop"
fi
if [ -n "$sanitize" ]; then
    flags='-g -fsanitize=address,undefined -fno-sanitize-recover=all'
    # The sanitizers need the C library of their compiler.
    libraries="$cache/trixie/usr/lib/$(chroot "$cache/trixie" gcc -print-multiarch)"
    loader=$(chroot "$cache/trixie" readelf --program-headers /usr/bin/gcc | sed -n 's/.*interpreter: \(.*\)]/\1/p')
    link="-fsanitize=address,undefined -Wl,--dynamic-linker=$cache/trixie$loader -Wl,-rpath,$libraries"
    mkdir "$work/sanitized" "$work/check"
    cp "$work"/programs/{vfio-names.js,vfio-names.parts,part_*.js} "$work/sanitized"
    node packaging/native/bundle.mjs test/integration/native/check-syscalls.ts "$work/check/vfio-names.js"
    compile sanitized CFLAGS="$flags" LDFLAGS="$link" STRIP=:
    compile check CFLAGS="$flags" LDFLAGS="$link" STRIP=:
    install -m 755 "$work/sanitized/vfio-names" "$out/vfio-names-sanitized"
    install -m 755 "$work/check/vfio-names" "$out/check-syscalls"
fi
[ -z "$chroot" ] || install -m 755 -t "$out" "$work"/programs/{vfio-names,vfio_id}-static
install -m 755 -t "$out" "$work"/programs/{vfio-names,vfio_id}

# check_size NAME BYTES; with its symbols, a program may be larger.
check_size() {
    local size
    size=$(stat -c %s "$out/$1")
    [ "${STRIP:-}" = : ] || [ "$size" -le "$2" ] || die "expected at most $2 bytes in $out/$1, found $size"
    echo "$out/$1: $size bytes"
}
check_size vfio-names 2500000
check_size vfio_id 1258291
