# Binds and unbinds one PCI function: udev creates its link with the node and removes it with the node.
# kernels: both cdev
# devices: one

address=0000:00:04.0
link=/dev/vfio/pci/$address

check "there is no link before the device is bound" absent "$link"
check "bind" bind "$address"
settle
check "the link is correct after bind" pci_links_correct "$address"
check "there is no other link" only /dev/vfio/pci "$address"
check "the node is a character device with owner root:root and mode 0600" \
  same "$(stat -L -c '%F %U:%G %a' "$link")" "character special file root:root 600"

check "unbind" unbind "$address"
settle
check "the link is removed after unbind" absent "$link"
check "the directory is removed with its last link" absent /dev/vfio/pci

check "bind again" bind "$address"
settle
check "the link is correct after the second bind" pci_links_correct "$address"

udevadm trigger --action=change --settle "$pci/$address/vfio-dev/$(vfio_of "$pci/$address")"
check "the link is still correct after a change event" pci_links_correct "$address"
