#!/bin/bash
# Tests the RPM package: builds it twice without network, checks it with rpmlint, and installs, upgrades and erases
# it with rpm on Debian 13.
set -uo pipefail
. test/integration/packages/lib.sh
. packaging/tools.sh

packages=$(built rpm) || exit 1
second() {
    bash packaging/package.sh rpm --rebuild --output "$work/second" || return
    local file
    for file in "$packages"/*.rpm; do cmp "$file" "$work/second/${file##*/}" || return; done
}
check "a second build of the RPM packages is identical" second
debian_inside "$tools" --bind "$packages" /packages --bind test/integration/packages /test --bind packaging/rpm /recipe -- \
    bash /test/inside/rpm.sh "$(node -p 'require("./package.json").version')" || echo "not ok - inside/rpm.sh finishes"
