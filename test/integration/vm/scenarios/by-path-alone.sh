# A card behind a root port gets a by-path link; by-path-behind-bridge.sh tests the same card with other bus numbers.
# kernels: both
# devices: slot

. /project/test/integration/vm/guest/helper.sh
card=$(basename "$(echo $pci/0000:00:06.0/0000:*)")
check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_native
printf '[names]\nby-path = true\n' >/tmp/policy.toml
check "install the rules of the policy" rules_via native /tmp/policy.toml
check "the card is at 0000:01:00.0" same "$card" 0000:01:00.0
check "bind the card" bind "$card"
settle
check "its by-path link does not contain the bus number" only /dev/vfio/by-path pci0000_00-06.0-00.0
check "the by-path link is correct" same "$(readlink /dev/vfio/by-path/*)" "../devices/$(vfio_of $pci/$card)"
