#!/bin/bash
# Compiles vfio_id to a native program: TypeScript -> esbuild -> qjsc -> cc. Gives dist/vfio_id.
# With --chroot the compiler comes from a Debian 13 directory made by debootstrap (Debian 12 has no QuickJS); then there
# is dist/vfio_id-static too, the same program for hosts whose C library is older than Debian 13's.
# With --if-old nothing is done where the program is there and no older than what it is made of.
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

# is_new FILE: no source is newer.
is_new() {
    [ -x "$1" ] && [ -z "$(find src/{devices,helper,links,names,system,text} src/rules/request.ts src/errors.ts packaging/native package.json -newer "$1" -print -quit)" ]
}

chroot='' if_old=''
for word; do
    case $word in
        --chroot) chroot=yes ;;
        --if-old) if_old=yes ;;
        *) die "expected --chroot or --if-old, found $word" ;;
    esac
done
if [ -n "$if_old" ] && is_new dist/vfio_id && { [ -z "$chroot" ] || is_new dist/vfio_id-static; }; then
    exit 0
fi

work=$(mktemp -d)
inside=''
trap 'rm -rf "$work" ${inside:+"$inside"}' EXIT
node packaging/native/bundle.mjs "$work/vfio_id.js" "$(uname -m)"
cp packaging/native/limit.c "$work"
mkdir -p dist

if [ -z "$chroot" ]; then
    command -v qjsc > /dev/null || die "expected qjsc (package quickjs of Debian 13, Fedora, Arch or Alpine), found none; on Debian 12 use npm run build:native -- --chroot"
    bash packaging/native/compile.sh "$work"
else
    mkdir -p "$cache"
    exec 9> "$cache/lock"
    flock 9
    make_chroot
    inside=$(mktemp -d "$cache/trixie/tmp/build.XXXXXX")
    cp "$work"/* packaging/native/compile.sh "$inside"
    chroot "$cache/trixie" /bin/bash "/tmp/$(basename "$inside")/compile.sh" "/tmp/$(basename "$inside")" static
    cp "$inside/vfio_id" "$work/vfio_id"
    install -m 755 "$inside/vfio_id-static" dist/vfio_id-static
fi
install -m 755 "$work/vfio_id" dist/vfio_id
size=$(stat -c %s dist/vfio_id)
[ "$size" -le 1258291 ] || die "expected at most 1.2 MB, found $size bytes"
echo "dist/vfio_id: $size bytes"
