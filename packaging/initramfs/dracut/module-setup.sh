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
    # inst_rules takes the programs along that it finds in the rules: vfio_id, where the policy needs it.
    inst_rules 70-vfio-names.rules
}
