#!/bin/bash
# Adds the rules with vfio_id, the program and the policy to the initramfs; if there are rules for drivers ([[bind]]), also these
# and the modules of the drivers. Installed as /usr/lib/dracut/modules.d/75vfio-names/module-setup.sh; enabled by
# `dracut --add vfio-names` or `add_dracutmodules+=" vfio-names "`.

# Called by dracut.
check() {
    return 255
}

# Called by dracut.
depends() {
    echo udev-rules
}

# rules_file NAME: prints the file that udev would read, in the order of udev. With only a file name, inst_rules would ignore the
# administrator's file in a generic image (--no-hostonly). An empty file or a link to /dev/null disables the rules.
rules_file() {
    local directory rules
    for directory in /etc/udev/rules.d /run/udev/rules.d /usr/local/lib/udev/rules.d /usr/lib/udev/rules.d; do
        rules=${dracutsysrootdir:-}$directory/$1
        [[ -e $rules || -L $rules ]] || continue
        [[ ! -s $rules ]] || echo "$rules"
        return
    done
}

# Called by dracut.
installkernel() {
    local rules driver
    rules=$(rules_file 60-vfio-names-bind.rules)
    [[ $rules ]] || return 0
    for driver in $(sed -n 's/.*kmod load \([A-Za-z0-9_-]*\)".*/\1/p' "$rules" | sort -u); do
        instmods "$driver"
    done
}

# Called by dracut.
install() {
    local rules bind_rules file root=${dracutsysrootdir:-}
    rules=$(rules_file 70-vfio-names.rules) bind_rules=$(rules_file 60-vfio-names-bind.rules)
    [[ $rules || $bind_rules ]] || return 0
    for file in $rules $bind_rules; do inst_rules "$file"; done
    # Also for an emergency shell.
    inst_multiple -o vfio-names
    for file in "$root"/{usr/lib,run,etc}/vfio-names/*.toml; do
        [[ ! -f $file ]] || inst_simple "${file#"$root"}"
    done
    [[ $bind_rules ]] || return 0
    inst_multiple modprobe
    # shellcheck disable=SC2154 # set by dracut
    inst_hook pre-udev 10 "$moddir/bind.sh"
}
