#!/bin/bash
# Tests the Alpine packages without abuild and apk, which exist only on Alpine: runs the APKBUILD with a compiler
# for musl, tests its packages with only busybox and musl, and the services with OpenRC, runit and s6.
set -uo pipefail
. test/integration/packages/lib.sh
. packaging/native/musl.sh

packages=$(built apk) || exit 1
second() { bash packaging/package.sh apk --rebuild --output "$work/second" && diff -r "$packages" "$work/second"; }
check "a second build of the directory for abuild is identical" second
musl=$(musl_directory) || exit 1
debian_inside "$musl" --bind "$packages/alpine" /aport --bind test/integration/packages /test --bind packaging /packaging -- \
    bash /test/inside/alpine.sh "$(node -p 'require("./package.json").version')" || echo "not ok - inside/alpine.sh finishes"
