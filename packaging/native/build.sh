#!/bin/bash
# Compiles vfio_id to a native program: TypeScript -> esbuild -> qjsc -> cc. Creates dist/vfio_id.
# With --chroot it uses the compiler of a Debian 13 root directory created by debootstrap (Debian 12 has no QuickJS), and
# also creates dist/vfio_id-static, the same program for hosts whose C library is older than Debian 13's.
# With --loop it also creates dist/vfio_id-loop, the same code for the fuzzer, which runs many calls in one process.
# With --if-old it does nothing if the program exists and is newer than its sources.
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

# is_new FILE: the file exists and no source is newer.
is_new() {
    [ -x "$1" ] && [ -z "$(find src/{devices,links,names,policy,system,text,vfio-id} src/errors.ts src/version.ts packaging/native test/fuzz/native-loop.ts package.json -newer "$1" -print -quit)" ]
}

chroot='' if_old='' loop=''
for arg; do
    case $arg in
        --chroot) chroot=yes ;;
        --if-old) if_old=yes ;;
        --loop) loop=yes ;;
        *) die "expected --chroot, --loop or --if-old, found $arg" ;;
    esac
done
if [ -n "$if_old" ] && is_new dist/vfio_id && { [ -z "$chroot" ] || is_new dist/vfio_id-static; } &&
    { [ -z "$loop" ] || is_new dist/vfio_id-loop; }; then
    exit 0
fi

work=$(mktemp -d)
inside=''
trap 'rm -rf "$work" ${inside:+"$inside"}' EXIT
mkdir -p dist
if [ -z "$chroot" ]; then
    command -v qjsc > /dev/null || die "expected qjsc (package quickjs of Debian 13, Fedora, Arch or Alpine), found none; on Debian 12 use npm run build:native -- --chroot"
else
    mkdir -p "$cache"
    exec 9> "$cache/lock"
    flock 9
    make_chroot
    inside=$(mktemp -d "$cache/trixie/tmp/build.XXXXXX")
fi

# The target machine of the compiler, which may be a cross compiler.
if [ -n "$chroot" ]; then machine=$(uname -m); else machine=$(${CC:-cc} -dumpmachine); fi

# compile NAME ENTRY: creates $work/NAME/vfio_id, with --chroot also vfio_id-static.
compile() {
    mkdir "$work/$1"
    node packaging/native/bundle.mjs "$work/$1/vfio_id.js" "$machine" "$2"
    cp packaging/native/limit.c "$work/$1"
    if [ -z "$chroot" ]; then
        bash packaging/native/compile.sh "$work/$1"
    else
        cp -r "$work/$1" packaging/native/compile.sh "$inside"
        chroot "$cache/trixie" /bin/bash "/tmp/$(basename "$inside")/compile.sh" "/tmp/$(basename "$inside")/$1" static
        cp "$inside/$1"/vfio_id* "$work/$1"
    fi
}

compile program src/vfio-id/quickjs.ts
[ -z "$chroot" ] || install -m 755 "$work/program/vfio_id-static" dist/vfio_id-static
if [ -n "$loop" ]; then
    compile loop test/fuzz/native-loop.ts
    install -m 755 "$work/loop/vfio_id${chroot:+-static}" dist/vfio_id-loop
fi
install -m 755 "$work/program/vfio_id" dist/vfio_id
size=$(stat -c %s dist/vfio_id)
[ "$size" -le 1258291 ] || die "expected at most 1.2 MB, found $size bytes"
echo "dist/vfio_id: $size bytes"
