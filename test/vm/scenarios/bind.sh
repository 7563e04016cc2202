# One function is bound and unbound: its name comes and goes with the node.
# kernels: both cdev
# devices: one

address=0000:00:04.0
link=/dev/vfio/pci/$address

check "no name before the device is bound" absent "$link"
check "bind" bind "$address"
settle
check "the name is true" true_pci "$address"
check "nothing else is named" only /dev/vfio/pci "$address"
check "the node is a character device of root alone" \
  same "$(stat -L -c '%F %U:%G %a' "$link")" "character special file root:root 600"

check "unbind" unbind "$address"
settle
check "the name goes with the node" absent "$link"
check "the directory goes with its last name" absent /dev/vfio/pci

check "bind again" bind "$address"
settle
check "the name is back and true" true_pci "$address"

udevadm trigger --action=change --settle "$pci/$address/vfio-dev/$(vfio_of "$pci/$address")"
check "a change event leaves the name true" true_pci "$address"
