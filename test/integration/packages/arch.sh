#!/bin/bash
# Tests the Arch Linux package: builds it twice without network, and installs, upgrades and removes it with pacman on
# Debian 13.
set -uo pipefail
. test/integration/packages/lib.sh
. packaging/tools.sh

packages=$(built arch) || exit 1
second() {
    bash packaging/package.sh arch --rebuild --output "$work/second" || return
    local file
    for file in "$packages"/*.zst; do cmp "$file" "$work/second/${file##*/}" || return; done
}
check "a second build of the Arch packages is identical" second
debian_inside "$tools" --bind "$packages" /packages --bind test/integration/packages /test -- \
    bash /test/inside/arch.sh "$(node -p 'require("./package.json").version')" || echo "not ok - inside/arch.sh finishes"
