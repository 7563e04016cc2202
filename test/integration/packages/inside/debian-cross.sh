#!/bin/bash
# Runs in a Debian 13 directory with a cross compiler for arm64.
set -uo pipefail
cd /tmp || exit 1
. /test/lib.sh

check "the source package can be unpacked" dpkg-source --extract /packages/vfio-names_*.dsc source
cd source || exit 1
check "the build dependencies can be satisfied for arm64" dpkg-checkbuilddeps -aarm64 -Pcross,nocheck
check "the package is built for arm64" dpkg-buildpackage --host-arch=arm64 --build-profiles=cross,nocheck --build=binary --no-sign
program=$PWD/debian/vfio-names/usr/bin/vfio-names
check "the program is one for arm64" shows 'ARM aarch64' file "$program"
mkdir ../bin ../test
printf '#!/bin/sh\nexec qemu-aarch64 -L /usr/aarch64-linux-gnu %s "$@"\n' "$program" > ../bin/vfio-names
chmod 755 ../bin/vfio-names
check "the program for arm64 passes the tests of the package" \
    env PATH="/tmp/bin:$PATH" AUTOPKGTEST_TMP=/tmp/test sh debian/tests/command
