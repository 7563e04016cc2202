# shellcheck shell=bash
# Tests the installed program on a machine without Node: this root directory, whose sysfs has one VFIO device. Sourced by the
# tests of the families after lib.sh.
# usage: program_works FAMILY VERSION

program_works() {
    local family=$1 version=$2 address=0000:00:04.0 rules=/etc/udev/rules.d/70-vfio-names.rules word status
    local link=/dev/vfio/pci/$address
    check "the machine for $family has no Node" not command -v node nodejs
    fake_machine /
    # The number of /dev/zero, which can be opened.
    rm -r /dev/vfio/pci
    mknod -m 600 /dev/vfio/devices/vfio0 c 1 5
    echo 1:5 > /sys/class/vfio-dev/vfio0/dev

    check "the $family package has the version of the checkout" same "$(vfio-names --version)" "vfio-names $version"
    check "the native vfio_id of the $family package runs" shows "$version" /usr/lib/udev/vfio_id --version
    check "doctor of the $family package examines the machine" exits 1 'Linux' vfio-names doctor
    check "list of the $family package prints the device" shows "pci/$address" vfio-names list
    check "plan of the $family package prints the missing link" exits 6 "create $link" vfio-names plan
    check "sync of the $family package creates the link" shows "create $link" vfio-names sync
    check "verify of the $family package finds nothing" shows '1 device' vfio-names verify
    check "resolve of the $family package prints the node" shows /dev/vfio/devices/vfio0 vfio-names resolve 00:04.0
    check "probe of the $family package opens the node and sees that it is not one of VFIO" \
        exits 1 'vfio0 is not a VFIO device' vfio-names probe $address
    # shellcheck disable=SC2016 # expanded by the inner shell
    check "exec of the $family package passes the open device to a program of another user" \
        shows 'nobody /dev/vfio/devices/vfio0' \
        vfio-names exec --user nobody $address -- sh -c 'echo "$(id -un) $(readlink /proc/self/fd/$0)"' '{fd}'
    check "graph of the $family package draws the device" shows vfio0 vfio-names graph

    vfio-names watch --interval 3600 > /tmp/watch 2>&1 &
    local watcher=$!
    check "watch of the $family package starts" until_true grep -q watching /tmp/watch
    rm $link
    check "watch of the $family package creates a link that was removed" until_true test -L $link
    kill "$watcher"
    wait "$watcher"
    status=$?
    check "watch of the $family package ends with status 0" same "$status" 0

    printf '[names]\nby-tag = true\n' > /etc/vfio-names/99-test.toml
    check "config check of the $family package reads the policy" shows '1 name rule' vfio-names config check
    check "rules install of the $family package writes the rules of the policy" shows $rules vfio-names rules install
    check "rules check of the $family package finds nothing" vfio-names rules check
    check "rules uninstall of the $family package removes them" vfio-names rules uninstall
    rm /etc/vfio-names/99-test.toml

    if command -v man > /dev/null; then
        for word in vfio-names vfio-names.toml vfio-names.service vfio_id; do
            check "man finds $word of the $family package" shows "$word" man -P cat "$word"
        done
    fi
    # shellcheck disable=SC2016 # expanded by the inner shell
    check "bash completes a command of the $family package" same "$(bash -c '
        . /usr/share/bash-completion/completions/vfio-names
        read -r _ _ function _ < <(complete -p vfio-names)
        COMP_WORDS=(vfio-names doc) COMP_CWORD=1 COMP_LINE="vfio-names doc" COMP_POINT=14
        "$function" vfio-names doc vfio-names
        echo "${COMPREPLY[*]}"')" doctor
    if [ -e /usr/lib/systemd/system/vfio-names.service ]; then
        check "the unit of the $family package runs the program" \
            grep -qx 'ExecStart=/usr/bin/vfio-names watch' /usr/lib/systemd/system/vfio-names.service
    fi
    rm -r /sys/* /dev/vfio
}
