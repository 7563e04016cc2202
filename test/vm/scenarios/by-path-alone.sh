# A card behind a root port has a name by its path; by-path-behind-bridge.sh has the same card with other bus numbers.
# kernels: both
# devices: slot
# native: yes

. /project/test/vm/guest/helper.sh
card=$(basename "$(echo $pci/0000:00:06.0/0000:*)")
check "there is a place for vfio_id" writable /usr/lib/udev
check "vfio_id is installed" install_native
printf '[names]\nby-path = true\n' >/tmp/policy.toml
check "rules of the policy" rules_via native /tmp/policy.toml
check "the card is at 0000:01:00.0" same "$card" 0000:01:00.0
check "bind it" bind "$card"
settle
check "its name by path says nothing of that" only /dev/vfio/by-path pci0000_00-06.0-00.0
check "and is true" same "$(readlink /dev/vfio/by-path/*)" "../devices/$(vfio_of $pci/$card)"
