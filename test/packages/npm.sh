#!/bin/bash
# The npm package: what is in it, and that it runs where npm puts it, globally and by npx.
set -uo pipefail
. test/packages/lib.sh

[ -e dist/vfio-names.cjs ] || npm run --silent build || exit 1
npm pack --ignore-scripts --silent --pack-destination "$work" > /dev/null || exit 1
tarball=("$work"/vfio-names-*.tgz)
version=$(node -p 'require("./package.json").version')
export npm_config_prefix=$work/prefix npm_config_prefer_offline=true npm_config_update_notifier=false
fake_machine "$work/machine"

contents() { tar --list --file "${tarball[0]}" | sed 's|^package/||' | listed test/packages/npm.files; }
check "the npm package has its files and no other" contents
check "publint finds no fault with package.json" env npm_config_ignore_scripts=true npx publint --strict .
check "npm installs it globally" npm install --global --silent "${tarball[0]}"
check "it is the version of the checkout" \
    same "$("$work/prefix/bin/vfio-names" --version)" "vfio-names $version"
check "doctor runs on this machine" shows kernel "$work/prefix/bin/vfio-names" doctor
check "list shows a device with its name" shows 'pci/0000:00:04.0  vfio0' "$work/prefix/bin/vfio-names" list --root "$work/machine"
check "koffi, which npm installed, can be loaded" \
    node -p "require('$work/prefix/lib/node_modules/vfio-names/node_modules/koffi').version"
mkdir "$work/empty"
cd "$work/empty" || exit 1
check "npx runs doctor without an installation" \
    shows kernel npx --yes --package="${tarball[0]}" -- vfio-names doctor
