# Removes a device from its slot while its link exists, then plugs in another one.
# kernels: both cdev
# devices: port

address=0000:01:00.0
link=/dev/vfio/pci/$address

check "the slot is empty" absent $pci/$address
for round in 1 2; do
  check "round $round: device_add" monitor device_add e1000e,id=hot$round,bus=rp0
  check "round $round: the kernel finds the device" until_true 120 test -e $pci/$address/uevent
  # Its regular driver binds it first, as on any host.
  check "round $round: e1000e is bound" until_true 120 test -e $pci/$address/driver/bind
  check "round $round: bind" bind $address
  settle
  check "round $round: the link is correct" pci_links_correct $address

  check "round $round: device_del" monitor device_del hot$round
  check "round $round: the kernel removes the device" until_true 120 absent $pci/$address
  settle
  check "round $round: the link is removed" absent $link
  check "round $round: the node is removed" only /dev/vfio/devices
done
