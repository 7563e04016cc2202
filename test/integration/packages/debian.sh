#!/bin/bash
# Tests the Debian packages: builds them twice without network, checks them with lintian, and installs, upgrades, removes and
set -uo pipefail
. test/integration/packages/lib.sh
. packaging/debian/chroot.sh

packages=$(built deb) || exit 1
tools=$(debian_chroot "$debian_build") && host=$(debian_chroot "$debian_host") && initramfs=$(debian_chroot "$debian_initramfs") || exit 1
unpack() { dpkg-deb --extract "$packages/$1"_*.deb "$work/$1"; }
files() { (cd "$work/$1" && find . ! -type d -printf '%P\n' | listed "$OLDPWD/test/packages/$1.files"); }
field() { dpkg-deb --field "$packages/$1"_*.deb "$2"; }
# on DIRECTORY SCRIPT: runs a script of test/integration/packages/inside in a root directory; its checks are checks of this test.
on() {
    debian_inside "$1" --bind "$packages" /packages --bind test/integration/packages /test -- bash "/test/inside/$2" || echo "not ok - inside/$2 finishes"
}

second() {
    bash packaging/package.sh deb --output "$work/second" || return
    local file
    for file in "$packages"/*.deb; do cmp "$file" "$work/second/${file##*/}" || return; done
}
check "a second build of the Debian packages is identical" second
lint() {
    debian_inside "$tools" --bind "$packages" /packages -- \
        sh -c 'lintian --allow-root --fail-on error,warning --tag-display-limit 0 /packages/*.changes'
}
check "lintian reports no errors and no warnings" lint

check "the Debian udev package can be unpacked" unpack vfio-names-udev
check "the Debian udev package contains exactly the listed files" files vfio-names-udev
check "the Debian udev package does not depend on Node" not grep -q nodejs <<< "$(field vfio-names-udev Depends)"
check "vfio_id of the Debian udev package is a native program" same "$(head -c 4 "$work/vfio-names-udev/usr/lib/udev/vfio_id" | tail -c 3)" ELF
check "the Debian udev package has the QuickJS version in Static-Built-Using" grep -q '^quickjs (= ' <<< "$(field vfio-names-udev Static-Built-Using)"
check "the Debian udev package triggers update-initramfs" \
    same "$(dpkg-deb --info "$packages"/vfio-names-udev_*.deb triggers | grep -v '^#')" "activate-noawait update-initramfs"
check "the Debian main package can be unpacked" unpack vfio-names
check "the Debian main package contains exactly the listed files" files vfio-names
check "the Debian main package depends on the Node version of package.json" \
    grep -q "nodejs (>= $(node -p 'require("./package.json").engines.node.slice(2)'))" <<< "$(field vfio-names Depends)"
check "the Debian main package contains koffi only for this architecture" same "$(find "$work/vfio-names" -name '*.node' | wc -l)" 1
check "the Debian packages do not mention the npm registry" not grep -rqi 'registry\.npm' "$work/vfio-names" "$work/vfio-names-udev"

autopkg() {
    mkdir "$work/source" && cp -r packaging/debian "$work/source/debian" || return
    debian_inside "$tools" --bind "$packages" /packages --bind "$work/source" /source -- \
        sh -c 'autopkgtest /packages/vfio-names-udev_*.deb /packages/vfio-names_*.deb /source -- null'
}
check "autopkgtest of the Debian packages passes" autopkg
on "$host" debian-host.sh
on "$initramfs" debian-initramfs.sh
