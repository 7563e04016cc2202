#!/bin/bash
# Builds distribution packages from the current checkout into a directory outside of it.
#
# Usage: npm run package -- deb|rpm|arch|apk|all... [--output DIR]
#   --output DIR: directory for the packages; without it a new directory, whose path is printed
# Requires `npm ci` and root; the tools of each family are cached in ~/.cache/vfio-names (or $VFIO_NAMES_VM_CACHE).
# Exit status: 0 success, 1 a build failed, 2 wrong usage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/sources.sh

die() {
    echo "package: $*" >&2
    exit 2
}

declare -A folders=([deb]=debian [rpm]=rpm [arch]=arch [apk]=alpine)
wanted=() output=''
while (($#)); do
    case $1 in
        deb | rpm | arch | apk) wanted+=("$1") ;;
        all) wanted=(deb rpm arch apk) ;;
        --output)
            (($# > 1)) || die "expected a directory after --output"
            output=$2
            shift
            ;;
        *) die "expected deb, rpm, arch, apk, all or --output DIR, found $1" ;;
    esac
    shift
done
((${#wanted[@]})) || die "expected deb, rpm, arch, apk or all, found nothing"
output=$(realpath -m "${output:-$(mktemp -d "${TMPDIR:-/tmp}/vfio-names-packages.XXXXXX")}")
[[ $output/ != "$PWD"/* ]] || die "expected a directory outside of $PWD, found $output"
mkdir -p "$output"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SOURCE_DATE_EPOCH=$(source_epoch)
export SOURCE_DATE_EPOCH
for family in "${wanted[@]}"; do
    echo "== $family"
    # Debian has the other modules itself.
    modules=("${source_modules[@]}")
    [ "$family" = deb ] || modules+=("${build_modules[@]}")
    prepare_source "$work/$family" "${modules[@]}"
    bash "packaging/${folders[$family]}/build.sh" "$work/$family" "$output" || die "$family could not be built"
    rm -rf "${work:?}/$family"
done
echo "packages: $output"
