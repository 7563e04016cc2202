# Without our rules a link stays when its device is unbound, and the kernel reuses the number for another device: verify
# reports the link, resolve does not follow it, and verify --fix corrects it.
# kernels: both
# devices: three
# rules: no

a=0000:00:04.0 b=0000:00:05.0

bind $a
settle
check "sync creates the first device's link" exits 0 vfio_names sync
number=$(vfio_of $pci/$a)
unbind $a
bind $b
settle
check "the kernel reuses the number for the second device" same "$(vfio_of $pci/$b)" "$number"
check "verify exits with status 1 for the stale link" exits 1 vfio_names verify
check "verify reports the device that has the number now" contains "whose number belongs to pci/$b now" vfio_names verify
check "list does not show the first device" not contains $a vfio_names list
check "resolve exits with status 3 for the first device" exits 3 vfio_names resolve $a
check "resolve exits with status 3 for the stale link" exits 3 vfio_names resolve /dev/vfio/pci/$a
check "resolve prints the second device's node" same "$(vfio_names resolve $b)" "/dev/vfio/devices/$number"
check "verify --fix exits with status 0" exits 0 vfio_names verify --fix
check "the second device's link is correct" pci_links_correct $b
check "there is no other link" only /dev/vfio/pci $b
