# Without udev's help a link stays when its device leaves, and its number goes to another device:
# the link must be reported before anything else, never believed, and mended by sync.
# kernels: both
# devices: three
# rules: no

a=0000:00:04.0 b=0000:00:05.0

bind $a
settle
check "sync names the first device" exits 0 vfio_names sync
number=$(vfio_of $pci/$a)
unbind $a
bind $b
settle
check "the number went to the second device" same "$(vfio_of $pci/$b)" "$number"
check "verify finds the stale link" exits 1 vfio_names verify
check "and says whose number it is now" contains "whose number belongs to pci/$b now" vfio_names verify
check "list does not show the first device" not contains $a vfio_names list
check "resolve refuses the first name" exits 3 vfio_names resolve $a
check "resolve refuses the link itself" exits 3 vfio_names resolve /dev/vfio/pci/$a
check "resolve gives the node by the second name" same "$(vfio_names resolve $b)" "/dev/vfio/devices/$number"
check "verify --fix mends it" exits 0 vfio_names verify --fix
check "the second device has its true name" true_pci $b
check "and only that is there" only /dev/vfio/pci $b
