#!/bin/bash
# Tests the npm package: its files, and that it runs after a global installation and with npx.
set -uo pipefail
. test/integration/packages/lib.sh

[ -e dist/vfio-names.cjs ] || npm run --silent build || exit 1
npm pack --ignore-scripts --silent --pack-destination "$work" > /dev/null || exit 1
tarball=("$work"/vfio-names-*.tgz)
version=$(node -p 'require("./package.json").version')
export npm_config_prefix=$work/prefix npm_config_prefer_offline=true npm_config_update_notifier=false
fake_machine "$work/machine"

contents() { tar --list --file "${tarball[0]}" | sed 's|^package/||' | listed test/integration/packages/npm.files; }
check "the npm package contains exactly the listed files" contents
check "publint reports no problem in package.json" env npm_config_ignore_scripts=true npx publint --strict .
check "npm installs the package globally" npm install --global --silent "${tarball[0]}"
check "the npm package has the version of the checkout" \
    same "$("$work/prefix/bin/vfio-names" --version)" "vfio-names $version"
check "the npm package runs doctor" shows kernel "$work/prefix/bin/vfio-names" doctor
check "the npm package lists a device with its link" shows 'pci/0000:00:04.0' "$work/prefix/bin/vfio-names" list --root "$work/machine"
check "koffi's build for this machine is installed and can be loaded" \
    node -p "require('$work/prefix/lib/node_modules/vfio-names/node_modules/@koromix/koffi-linux-' + process.arch).version"
check "the manual of the npm package is installed" test -e "$work/prefix/share/man/man1/vfio-names.1"
mkdir "$work/empty"
cd "$work/empty" || exit 1
check "npx runs doctor without installation" \
    shows kernel npx --yes --package="${tarball[0]}" -- vfio-names doctor
