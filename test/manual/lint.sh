#!/usr/bin/env bash
# Checks the man pages with mandoc and man, and the completions in real shells. Installs missing programs (as root,
# on Debian or Ubuntu). The last line is `N passed, N failed`.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

missing=()
for tool in mandoc:mandoc man:man-db groff:groff-base zsh:zsh fish:fish; do
    command -v "${tool%:*}" > /dev/null || missing+=("${tool#*:}")
done
if [ "${#missing[@]}" -gt 0 ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" || exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# check TITLE EXPECTED FOUND
check() {
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
        echo "ok - $1"
    else
        failed=$((failed + 1))
        printf 'not ok - %s\n  expected: %s\n  found: %s\n' "$1" "$2" "$3"
    fi
}

node packaging/npm/generate-manual.mjs "$work/dist" || exit 1
completions=$work/dist/completions

for page in "$work"/dist/man/*; do
    check "mandoc reports nothing in ${page##*/}" '' "$(mandoc -T lint -W warning "$page" 2>&1)"
    check "man formats ${page##*/} without warnings" '' \
        "$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 > /dev/null)"
done
check "bash parses its completion" '' "$(bash -n "$completions/vfio-names.bash" 2>&1)"
check "zsh parses its completion" '' "$(zsh -n "$completions/_vfio-names" 2>&1)"
check "fish parses its completion" '' "$(fish -n "$completions/vfio-names.fish" 2>&1)"

# A machine with a PCI device that has links, a device without a link, an unbound device, and a link with shell syntax in its name.
root=$work/root
mkdir -p "$root"/dev/vfio/{devices,pci,by-alias} "$root/dev/vfio/by-sriov/0000:02:00.0" \
    "$root"/sys/class/vfio-dev/vfio{0,1} "$root/sys/bus/pci/devices/0000:01:00.0/vfio-dev/vfio0" \
    "$root/sys/bus/pci/devices/0000:09:00.0" "$root/sys/bus/platform/devices/fe00.gpu/vfio-dev/vfio1"
ln -s ../devices/vfio0 "$root/dev/vfio/pci/0000:01:00.0"
ln -s ../devices/vfio0 "$root/dev/vfio/pci/\$(id)"
ln -s ../devices/vfio0 "$root/dev/vfio/by-alias/gpu"
ln -s ../../devices/vfio0 "$root/dev/vfio/by-sriov/0000:02:00.0/vf0"

# The line typed before Tab, and the expected words after it.
lines=(
    'vfio-names doc|<vfio-names><doctor>'
    'vfio-names rules un|<vfio-names><rules><uninstall>'
    'vfio-names config sho|<vfio-names><config><show>'
    'vfio-names rules install --dr|<vfio-names><rules><install><--dry-run>'
    'vfio-names resolve --print devn|<vfio-names><resolve><--print><devnum>'
    'vfio-names resolve --print=devn|<vfio-names><resolve><--print=devnum>'
    "vfio-names --root $root show 0000:|<vfio-names><--root><$root><show><0000:01:00.0>"
    "vfio-names show --root=$root 0000:01:0|<vfio-names><show><--root=$root><0000:01:00.0>"
    "vfio-names show --root $root '0000:0|<vfio-names><show><--root><$root><0000:01:00.0>"
    "vfio-names show --root $root 0000:09|<vfio-names><show><--root><$root><0000:09>"
    "vfio-names verify --root $root vfio0 fe|<vfio-names><verify><--root><$root><vfio0><fe00.gpu>"
    "vfio-names show --root $root by-s|<vfio-names><show><--root><$root><by-sriov/0000:02:00.0/vf0>"
    "vfio-names show --root $root vfio1|<vfio-names><show><--root><$root><vfio1>"
    "vfio-names show $root/dev/vfio/pci/0000:|<vfio-names><show><$root/dev/vfio/pci/0000:01:00.0>"
    "vfio-names list --root $root --bus pla|<vfio-names><list><--root><$root><--bus><platform>"
    'vfio-names exec --user nobo|<vfio-names><exec><--user><nobody>'
    'vfio-names exec x -- trunca|<vfio-names><exec><x><--><truncate>'
)
for shell in bash zsh; do
    mapfile -t found < <(timeout 120 zsh test/manual/type.zsh "$shell" "$completions" "${lines[@]%%|*}")
    for index in "${!lines[@]}"; do
        line=${lines[index]%%|*}
        check "$shell completes: ${line//$root/ROOT}" "${lines[index]#*|}" "${found[index]-}"
    done
done

# fish prints the completions itself (complete -C).
offers() {
    check "fish offers after: ${1//$root/ROOT}" "$2" \
        "$(fish -c 'source $argv[1]; complete -C $argv[2]' "$completions/vfio-names.fish" "$1" 2>&1 | cut -f 1 | paste -s -d ' ')"
}
offers 'vfio-names doc' 'doctor'
offers 'vfio-names rules ' 'check install render uninstall'
offers 'vfio-names rules install --dr' '--dry-run'
offers 'vfio-names resolve --print ' 'devnum group link node syspath'
offers 'vfio-names resolve --print=dev' '--print=devnum'
offers "vfio-names --root $root show " '0000:01:00.0 by-alias/gpu by-sriov/0000:02:00.0/vf0 fe00.gpu'
offers "vfio-names show --root=$root 0000:" '0000:01:00.0'
offers "vfio-names show --root $root v" 'vfio0 vfio1'
offers "vfio-names list --root $root --bus " 'pci platform'
offers 'vfio-names exec --user nobo' 'nobody'
offers 'vfio-names exec x -- trunca' 'truncate'
offers 'vfio-names list --interval ' ''

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
