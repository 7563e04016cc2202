#!/bin/bash
# Takes the rules and the native vfio_id into the initramfs. Goes to /usr/lib/dracut/modules.d/75vfio-names/module-setup.sh;
# asked for by `dracut --add vfio-names` or `add_dracutmodules+=" vfio-names "`.

# called by dracut
check() {
    return 255
}

# called by dracut
depends() {
    echo udev-rules
}

# called by dracut
install() {
    local directory rules
    # As udev reads them. By the name alone inst_rules would pass over an admin's file in an image for any host.
    for directory in /etc/udev/rules.d /run/udev/rules.d /usr/local/lib/udev/rules.d /usr/lib/udev/rules.d; do
        rules=${dracutsysrootdir:-}$directory/70-vfio-names.rules
        [[ -e $rules || -L $rules ]] || continue
        # An empty one, or a link to /dev/null, turns them off.
        [[ ! -s $rules ]] || inst_rules "$rules"
        break
    done
}
