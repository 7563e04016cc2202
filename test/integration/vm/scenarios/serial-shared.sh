# Two cards have one serial number: the name of the first one goes when the second one appears, and neither gets it.
# kernels: cdev
# devices: same-serial

. /project/test/integration/vm/guest/helper.sh
first=0000:00:04.0 second=0000:00:05.0
link=/dev/vfio/by-serial/52-54-00-ff-ff-12-34-56.0

printf '[names]\nby-serial = true\n' >/run/policy.toml
check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_native
check "rules with by-serial" rules_via native /run/policy.toml
check "bind the first card" bind $first
settle
check "the first card has the name" \
  same "$(stat -L -c %t:%T $link)" "$(stat -L -c %t:%T /dev/vfio/pci/$first)"
check "bind the second card" bind $second
settle
check "the name is removed" absent $link
check "verify reports the conflict" contains "name-conflict: $link" vfio_names verify --policy /run/policy.toml
check "another event does not bring it back" udevadm trigger --subsystem-match=vfio-dev --action=add
settle
check "the name is still removed" absent $link
check "the links of the buses are correct" pci_links_correct $first $second
check "unbind the second card" unbind $second
settle
check "sync gives the name to the only card" vfio_names sync --policy /run/policy.toml
check "the first card has the name again" \
  same "$(stat -L -c %t:%T $link)" "$(stat -L -c %t:%T /dev/vfio/pci/$first)"
