#!/bin/bash
# Builds the Debian package for arm64 on another machine, from its source package, and runs the program under qemu-user.
set -uo pipefail
. test/integration/packages/lib.sh
. packaging/debian/chroot.sh

packages=$(built deb) && tools=$(debian_chroot "$debian_cross") || exit 1
debian_inside "$tools" --bind "$packages" /packages --bind test/integration/packages /test -- bash /test/inside/debian-cross.sh ||
    echo "not ok - inside/debian-cross.sh finishes"
