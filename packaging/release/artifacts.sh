#!/bin/bash
# Builds the files of a release: the npm package, the release tarball, the source tarball, the SBOM, and their checksums in
# SHA256SUMS.
# Usage: packaging/release/artifacts.sh DIRECTORY [--sign KEY]
#   DIRECTORY: a directory that does not exist or is empty
#   --sign KEY: also SHA256SUMS.asc, signed with this key of gpg
# Requires `npm ci` and a checkout without changes, and uses no network. The files are the same for every run on a commit.
# Exit status: 0 success, 1 a step failed, 2 wrong usage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. packaging/sources.sh

die() {
    echo "packaging/release/artifacts.sh: $*" >&2
    exit 2
}
key=''
case $# in
    1) ;;
    3) [ "$2" = --sign ] || die "expected --sign KEY, found $2" && key=$3 ;;
    *) die "expected DIRECTORY [--sign KEY], found $# arguments" ;;
esac
[[ $1 != -* ]] || die "expected a directory, found $1"
output=$(realpath -m "$1")
[[ $output/ != "$PWD"/* ]] || die "expected a directory outside of $PWD, found $output"
[ -z "$(ls -A "$output" 2> /dev/null)" ] || die "expected an empty directory, found files in $output"
[ -z "$(git status --porcelain --untracked-files=no 2> /dev/null)" ] || die "expected a checkout without changes"
mkdir -p "$output"

SOURCE_DATE_EPOCH=$(source_epoch)
export SOURCE_DATE_EPOCH
npm run --silent release -- check
version=$(node -p 'require("./package.json").version')
node packaging/npm/build.mjs
# npm pack keeps the modes of the files, which depend on the umask of the checkout.
chmod -R u=rwX,go=rX dist rules templates CHANGELOG.md LIBRARY.md LICENSE README.md package.json
npm pack --silent --ignore-scripts --pack-destination "$output" > /dev/null
bash packaging/tarball.sh "$output" > /dev/null
bash packaging/tarball.sh --source "$output" > /dev/null
node packaging/npm/sbom.mjs > "$output/vfio-names-$version.cdx.json"
cd "$output"
sha256sum -- vfio-names-* > SHA256SUMS
[ -z "$key" ] || gpg --local-user "$key" --armor --detach-sign SHA256SUMS
cat SHA256SUMS
