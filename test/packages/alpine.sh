#!/bin/bash
# The packages for Alpine, as far as they can be seen without abuild and apk, which only Alpine has: the APKBUILD is run,
# its packages tried where there is only busybox; and the services of OpenRC, runit and s6, by their own programs.
set -uo pipefail
. test/packages/lib.sh
. packaging/tools.sh

packages=$(built apk) || exit 1
second() { bash packaging/package.sh apk --output "$work/second" && diff -r "$packages" "$work/second"; }
check "a second directory for abuild is the same to the byte" second
debian_inside "$tools" --bind "$packages/alpine" /aport --bind test/packages /test --bind packaging /packaging -- \
    bash /test/inside/alpine.sh "$(node -p 'require("./package.json").version')" || echo "not ok - inside/alpine.sh runs to its end"
