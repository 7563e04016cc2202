#!/bin/bash
# Builds distribution packages from the current checkout into a directory outside of it. Packages of an unchanged checkout come
# from the cache. Prints a line for each step, with the seconds since the start.
#
# Usage: npm run package -- deb|rpm|arch|apk|all... [--output DIR] [--rebuild]
#   --output DIR: directory for the packages; without it a new directory, whose path is printed
#   --rebuild: builds all packages, also those in the cache
# Requires `npm ci` and root; the tools of each family are cached in ~/.cache/vfio-names (or $VFIO_NAMES_VM_CACHE). The first
# build of a family downloads them, which takes a few minutes.
# Exit status: 0 success, 1 a build failed (the others are built nevertheless), 2 wrong usage or npm ci has not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/sources.sh

die() {
    echo "package: $*" >&2
    exit 2
}
say() { printf '%5d s  %s\n' "$SECONDS" "$*"; }

declare -A folders=([deb]=debian [rpm]=rpm [arch]=arch [apk]=alpine)
wanted=() output='' rebuild=''
while (($#)); do
    case $1 in
        deb | rpm | arch | apk) wanted+=("$1") ;;
        all) wanted=(deb rpm arch apk) ;;
        --output)
            (($# > 1)) || die "expected a directory after --output"
            output=$2
            shift
            ;;
        --rebuild) rebuild=yes ;;
        *) die "expected deb, rpm, arch, apk, all, --output DIR or --rebuild, found $1" ;;
    esac
    shift
done
((${#wanted[@]})) || die "expected deb, rpm, arch, apk or all, found nothing"
[ -d node_modules/esbuild ] || die "expected node_modules, found none; run npm ci"
output=$(realpath -m "${output:-$(mktemp -d "${TMPDIR:-/tmp}/vfio-names-packages.XXXXXX")}")
[[ $output/ != "$PWD"/* ]] || die "expected a directory outside of $PWD, found $output"
mkdir -p "$output"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SOURCE_DATE_EPOCH=$(source_epoch)
export SOURCE_DATE_EPOCH

# build FAMILY: builds the packages of one family into $work/FAMILY.built.
build() {
    # Debian has the other modules itself.
    local modules=("${source_modules[@]}")
    [ "$1" = deb ] || modules+=("${build_modules[@]}")
    mkdir "$work/$1.built" && prepare_source "$work/$1" "${modules[@]}" &&
        bash "packaging/${folders[$1]}/build.sh" "$work/$1" "$work/$1.built"
}

failed=()
for family in "${wanted[@]}"; do
    if [ -z "$rebuild" ] && cached=$(bash packaging/cached.sh --if-built "$family"); then
        say "$family: not changed since $(date -r "$cached" '+%F %R'), taken from the cache"
    else
        say "$family: building"
        cached=$work/$family.built
        if [ -n "$rebuild" ]; then build "$family"; else cached=$(bash packaging/cached.sh "$family"); fi || {
            say "$family: could not be built"
            failed+=("$family")
            continue
        }
    fi
    cp -rp "$cached"/* "$output"
    rm -rf "${work:?}/$family" "${work:?}/$family.built"
    say "$family: done"
done
echo "packages: $output"
((${#failed[@]} == 0)) || { echo "package: could not build ${failed[*]}" >&2 && exit 1; }
