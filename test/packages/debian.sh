#!/bin/bash
# The Debian packages: built twice without network, judged by lintian, installed, upgraded, removed and purged on Debian 13.
set -uo pipefail
. test/packages/lib.sh
. packaging/debian/chroot.sh

packages=$(built deb) || exit 1
tools=$(debian_chroot "$debian_build") && host=$(debian_chroot "$debian_host") && initramfs=$(debian_chroot "$debian_initramfs") || exit 1
unpack() { dpkg-deb --extract "$packages/$1"_*.deb "$work/$1"; }
files() { (cd "$work/$1" && find . ! -type d -printf '%P\n' | listed "$OLDPWD/test/packages/$1.files"); }
field() { dpkg-deb --field "$packages/$1"_*.deb "$2"; }
# on DIRECTORY SCRIPT: its lines are lines of this test.
on() {
    debian_inside "$1" --bind "$packages" /packages --bind test/packages /test -- bash "/test/inside/$2" || echo "not ok - $2 runs to its end"
}

second() {
    bash packaging/package.sh deb --output "$work/second" || return
    local file
    for file in "$packages"/*.deb; do cmp "$file" "$work/second/${file##*/}" || return; done
}
check "a second build is the same to the byte" second
lint() {
    debian_inside "$tools" --bind "$packages" /packages -- \
        sh -c 'lintian --allow-root --fail-on error,warning --tag-display-limit 0 /packages/*.changes'
}
check "lintian has no error and no warning" lint

check "the udev package can be unpacked" unpack vfio-names-udev
check "it has its files and no other" files vfio-names-udev
check "it needs no Node" not grep -q nodejs <<< "$(field vfio-names-udev Depends)"
check "its vfio_id is a native program" same "$(head -c 4 "$work/vfio-names-udev/usr/lib/udev/vfio_id" | tail -c 3)" ELF
check "it says which QuickJS is in it" grep -q '^quickjs (= ' <<< "$(field vfio-names-udev Static-Built-Using)"
check "it has the initramfs made anew" \
    same "$(dpkg-deb --info "$packages"/vfio-names-udev_*.deb triggers | grep -v '^#')" "activate-noawait update-initramfs"
check "the main package can be unpacked" unpack vfio-names
check "it has its files and no other" files vfio-names
check "it needs the Node that package.json asks for" \
    grep -q "nodejs (>= $(node -p 'require("./package.json").engines.node.slice(2)'))" <<< "$(field vfio-names Depends)"
check "koffi is there for this architecture alone" same "$(find "$work/vfio-names" -name '*.node' | wc -l)" 1
check "no package names the registry" not grep -rqi 'registry\.npm' "$work/vfio-names" "$work/vfio-names-udev"

autopkg() {
    mkdir "$work/source" && cp -r packaging/debian "$work/source/debian" || return
    debian_inside "$tools" --bind "$packages" /packages --bind "$work/source" /source -- \
        sh -c 'autopkgtest /packages/vfio-names-udev_*.deb /packages/vfio-names_*.deb /source -- null'
}
check "autopkgtest passes" autopkg
on "$host" debian-host.sh
on "$initramfs" debian-initramfs.sh
