#!/bin/bash
# The RPM packages: built twice without network, judged by rpmlint, installed, upgraded and erased on a machine that has
# Fedora's package manager and Debian 13's everything else.
set -uo pipefail
. test/packages/lib.sh
. packaging/tools.sh

packages=$(built rpm) || exit 1
second() {
    bash packaging/package.sh rpm --output "$work/second" || return
    local file
    for file in "$packages"/*.rpm; do cmp "$file" "$work/second/${file##*/}" || return; done
}
check "a second build of the rpm packages is the same to the byte" second
debian_inside "$tools" --bind "$packages" /packages --bind test/packages /test --bind packaging/rpm /recipe -- \
    bash /test/inside/rpm.sh "$(node -p 'require("./package.json").version')" || echo "not ok - inside/rpm.sh runs to its end"
