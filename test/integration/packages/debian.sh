#!/bin/bash
# Tests the Debian package: builds it twice without network, checks it with lintian, and installs, upgrades, removes and purges
# it in root directories without Node.
set -uo pipefail
. test/integration/packages/lib.sh
. packaging/debian/chroot.sh

packages=$(built deb) || exit 1
tools=$(debian_chroot "$debian_build") && host=$(debian_chroot "$debian_host") && initramfs=$(debian_chroot "$debian_initramfs") || exit 1
version=$(node -p 'require("./package.json").version')
files() { (cd "$work/vfio-names" && find . ! -type d -printf '%P\n' | listed "$OLDPWD/test/integration/packages/vfio-names.files"); }
field() { dpkg-deb --field "$packages"/vfio-names_*.deb "$1"; }
# on DIRECTORY SCRIPT: runs a script of test/integration/packages/inside in a root directory; its checks are checks of this test.
on() {
    debian_inside "$1" --bind "$packages" /packages --bind test/integration/packages /test -- \
        bash "/test/inside/$2" "$version" || echo "not ok - inside/$2 finishes"
}

second() {
    bash packaging/package.sh deb --rebuild --output "$work/second" || return
    local file
    for file in "$packages"/*.{deb,dsc,xz,gz}; do cmp "$file" "$work/second/${file##*/}" || return; done
}
check "a second build of the Debian packages is identical" second
lint() {
    debian_inside "$tools" --bind "$packages" /packages -- \
        sh -c 'lintian --allow-root -EI --pedantic --fail-on error,warning,info,pedantic,experimental \
            --tag-display-limit 0 /packages/*.changes'
}
check "lintian -EI --pedantic reports nothing" lint
orig() { cmp "$(bash packaging/tarball.sh --source "$work/source-tarball")" "$packages"/*.orig.tar.gz; }
check "Debian's orig tarball is the source tarball of the release" orig

check "the Debian build has one package besides its symbols" same "$(ls "$packages"/*.deb | grep -vc dbgsym)" 1
check "the Debian package can be unpacked" dpkg-deb --extract "$packages"/vfio-names_*.deb "$work/vfio-names"
check "the Debian package contains exactly the listed files" files
check "the Debian package depends only on the C library" same "$(field Depends | sed 's/ ([^)]*)//g')" libc6
for name in usr/bin/vfio-names usr/lib/udev/vfio_id; do
    check "$name of the Debian package is a native program" same "$(head -c 4 "$work/vfio-names/$name" | tail -c 3)" ELF
done
for source in handlebars node-source-map quickjs; do
    check "the Debian package has the version of $source in Static-Built-Using" grep -q "\b$source (= " <<< "$(field Static-Built-Using)"
done
check "the Debian package triggers update-initramfs" \
    same "$(dpkg-deb --info "$packages"/vfio-names_*.deb triggers | grep -v '^#')" "activate-noawait update-initramfs"
check "the Debian package does not mention the npm registry" not grep -rqi 'registry\.npm' "$work/vfio-names"

autopkg() {
    mkdir "$work/source" && cp -r packaging/debian "$work/source/debian" || return
    debian_inside "$tools" --bind "$packages" /packages --bind "$work/source" /source -- \
        sh -c 'autopkgtest /packages/vfio-names_*.deb /source -- null'
}
check "autopkgtest of the Debian package passes" autopkg
on "$host" debian-host.sh
on "$initramfs" debian-initramfs.sh
