#!/bin/bash
# Adds the rules and the native vfio_id to the initramfs. Installed as /usr/lib/dracut/modules.d/75vfio-names/module-setup.sh;
# enabled by `dracut --add vfio-names` or `add_dracutmodules+=" vfio-names "`.

# Called by dracut.
check() {
    return 255
}

# Called by dracut.
depends() {
    echo udev-rules
}

# Called by dracut.
install() {
    local directory rules
    # The order in which udev reads them. With only a file name, inst_rules would ignore the administrator's file in a
    # generic image (--no-hostonly).
    for directory in /etc/udev/rules.d /run/udev/rules.d /usr/local/lib/udev/rules.d /usr/lib/udev/rules.d; do
        rules=${dracutsysrootdir:-}$directory/70-vfio-names.rules
        [[ -e $rules || -L $rules ]] || continue
        # An empty file or a link to /dev/null disables the rules.
        [[ ! -s $rules ]] || inst_rules "$rules"
        break
    done
}
