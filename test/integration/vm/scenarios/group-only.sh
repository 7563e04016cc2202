# A kernel without device nodes (no CONFIG_VFIO_DEVICE_CDEV), as Debian's: list shows devices with the reason, the only names are
# those of groups, and resolve reports that the kernel does not support nodes of devices.
# kernels: group
# devices: one

. /project/test/integration/vm/guest/helper.sh
. /project/test/integration/vm/guest/groups.sh

address=0000:00:04.0
uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001

check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_native
check "bind" bind $address
check "create a mediated device" \
  eval "echo $uuid >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create"
settle
vfio=$(vfio_of $pci/$address)
check "the device has no number in sysfs" absent "$pci/$address/vfio-dev/$vfio/dev"
check "the group has a node" test -c "/dev/vfio/$(basename "$(readlink $pci/$address/iommu_group)")"
check "udev creates no link for bus pci" absent /dev/vfio/pci
check "udev creates no link for bus mdev" absent /dev/vfio/mdev
check "udev creates the name of the function's group" group_names $address
check "udev creates the name of the mediated device's group" \
  group_link_correct /dev/vfio/groups/mdev/$uuid "$(basename "$(readlink /sys/bus/mdev/devices/$uuid/iommu_group)")"

check "list exits with status 0" exits 0 vfio_names list
check "list shows the function" contains $address vfio_names list
check "list shows the mediated device" contains $uuid vfio_names list
check "list --long shows the reason" contains VFIO_DEVICE_CDEV vfio_names list --long
check "list --json has the function" contains "\"$address\"" vfio_names list --json
check "show exits with status 0" exits 0 vfio_names show $address
check "resolve exits with status 5" exits 5 vfio_names resolve $address
check "resolve exits with status 3 for a device that does not exist" exits 3 vfio_names resolve 0000:7f:00.0
check "plan is empty" exits 0 vfio_names plan
check "sync exits with status 0" exits 0 vfio_names sync
check "sync creates no link to a device" absent /dev/vfio/pci
check "verify finds nothing" exits 0 vfio_names verify
check "unbind" unbind $address
check "resolve exits with status 3 after unbind" exits 3 vfio_names resolve $address
