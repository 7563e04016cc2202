# shellcheck shell=bash
# Functions for the package tests; sourced with the checkout as working directory.

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check TITLE COMMAND...: passes if the command succeeds; otherwise prints the command and its output.
check() {
    local title=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "ok - $title"
    else
        echo "not ok - $title"
        printf '  command: %.300s\n' "$*"
        [ -z "$output" ] || tail -n 40 <<< "$output" | sed 's/^/  /'
    fi
}

not() { ! "$@"; }

# same FOUND EXPECTED: both texts are equal.
same() { diff <(echo "$2") <(echo "$1"); }

# shows TEXT COMMAND...: the command succeeds and its output contains the text.
shows() {
    local text=$1 output
    shift
    output=$("$@" 2>&1) || { echo "$output" && return 1; }
    [[ $output == *"$text"* ]] || { echo "expected: $text" && echo "$output" && return 1; }
}

# listed FILE: every line of the standard input matches a pattern in FILE (one extended regular expression per line), and
# every pattern matches a line.
listed() {
    local lines others pattern bad=0
    lines=$(cat)
    if others=$(grep -vxE -f "$1" <<< "$lines"); then
        echo "nothing calls for: $others"
        bad=1
    fi
    while read -r pattern; do
        grep -qxE "$pattern" <<< "$lines" || { echo "nothing is $pattern" && bad=1; }
    done < "$1"
    return $bad
}

# fake_machine DIRECTORY: creates the sysfs of one VFIO device, 0000:00:04.0, and its link.
fake_machine() {
    local device=$1/sys/devices/pci0000:00/0000:00:04.0
    mkdir -p "$device/vfio-dev/vfio0" "$1"/sys/bus/pci/{devices,drivers/vfio-pci} "$1/sys/class/vfio-dev" \
        "$1"/dev/vfio/{devices,pci}
    ln -s ../../../devices/pci0000:00/0000:00:04.0 "$1/sys/bus/pci/devices/0000:00:04.0"
    ln -s ../../../bus/pci "$device/subsystem"
    ln -s ../../../bus/pci/drivers/vfio-pci "$device/driver"
    ln -s ../../devices/pci0000:00/0000:00:04.0/vfio-dev/vfio0 "$1/sys/class/vfio-dev/vfio0"
    ln -s ../.. "$device/vfio-dev/vfio0/device"
    echo 247:0 > "$device/vfio-dev/vfio0/dev"
    ln -s ../devices/vfio0 "$1/dev/vfio/pci/0000:00:04.0"
}

# built FAMILY: builds the packages of the checkout, or takes them from the cache, and prints their directory.
built() { bash packaging/cached.sh "$1"; }
