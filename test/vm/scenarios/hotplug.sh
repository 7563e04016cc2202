# A device is pulled out of its slot while its name exists, and another is put in.
# kernels: both cdev
# devices: port

address=0000:01:00.0
link=/dev/vfio/pci/$address

check "the slot is empty" absent $pci/$address
for round in 1 2; do
  check "round $round: ask for the device" monitor device_add e1000e,id=hot$round,bus=rp0
  check "round $round: the kernel finds it" until_true 120 test -e $pci/$address/uevent
  # Its own driver takes it first, as on any host.
  check "round $round: e1000e takes it" until_true 120 test -e $pci/$address/driver/bind
  check "round $round: bind" bind $address
  settle
  check "round $round: the name is true" true_pci $address

  check "round $round: ask for it to be pulled" monitor device_del hot$round
  check "round $round: the kernel lets it go" until_true 120 absent $pci/$address
  settle
  check "round $round: the name goes" absent $link
  check "round $round: the node goes" only /dev/vfio/devices
done
