# A kernel without the nodes of devices, as Debian's are: devices are shown with the reason, no name
# is made, and who asks for a node is told that this kernel has none.
# kernels: group
# devices: one

address=0000:00:04.0
uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001

check "bind" bind $address
check "make a mediated device" \
  eval "echo $uuid >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create"
settle
vfio=$(vfio_of $pci/$address)
check "the kernel gives the device no number" absent "$pci/$address/vfio-dev/$vfio/dev"
check "there is a node of the group" test -c "/dev/vfio/$(basename "$(readlink $pci/$address/iommu_group)")"
check "the rules make no name on bus pci" absent /dev/vfio/pci
check "the rules make no name on bus mdev" absent /dev/vfio/mdev

check "list is content" exits 0 vfio_names list
check "list shows the function" contains $address vfio_names list
check "list shows the mediated device" contains $uuid vfio_names list
check "list names the reason" contains VFIO_DEVICE_CDEV vfio_names list --long
check "list --json has it too" contains "\"$address\"" vfio_names list --json
check "show is content" exits 0 vfio_names show $address
check "resolve says that this kernel cannot" exits 5 vfio_names resolve $address
check "resolve of a device that is not there says so" exits 3 vfio_names resolve 0000:7f:00.0
check "there is nothing to plan" exits 0 vfio_names plan
check "sync is content" exits 0 vfio_names sync
check "sync makes no name" absent /dev/vfio/pci
check "verify is content" exits 0 vfio_names verify
check "unbind" unbind $address
check "with no device resolve says so" exits 3 vfio_names resolve $address
