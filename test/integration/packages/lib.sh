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

# exits STATUS TEXT COMMAND...: the command ends with this status and its output contains the text.
exits() {
    local expected=$1 text=$2 output status=0
    shift 2
    output=$("$@" 2>&1) || status=$?
    [[ $status -eq $expected && $output == *"$text"* ]] || { echo "expected status $expected and: $text" && echo "status $status" && echo "$output" && return 1; }
}

# until_true COMMAND...: waits until the command succeeds, for two minutes at most.
until_true() {
    local end=$((SECONDS + 120))
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

# fake_udev: creates the socket of a udev that runs, and a udevadm that records its calls in /run/calls and fails. The socket
# stays when its server ends.
fake_udev() {
    rm -f /run/calls
    printf '#!/bin/sh\necho "udevadm $*" >> /run/calls\nexit 1\n' > /usr/bin/udevadm
    chmod 755 /usr/bin/udevadm
    mkdir -p /run/udev
    perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un("/run/udev/control")) && listen(S, 1) or die $!'
}
# What package scripts call when rules were added, changed or removed.
udev_calls=$'udevadm control --reload\nudevadm control --reload\nudevadm trigger --subsystem-match=vfio-dev --subsystem-match=vfio --action=change'
