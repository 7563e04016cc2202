# A device that VFIO exposes without an IOMMU: the kernel calls it vfioN like any other, creates no node for it, and puts it
# into a group of its own. The program reports this, and does not report that the machine has an IOMMU.
# kernels: both
# devices: one
# kernel-command-line: intel_iommu=off
. /project/test/integration/vm/guest/noiommu.sh

vfio=$(vfio_of $pci/$address)
check "the kernel calls the device vfioN" eval "[[ '$vfio' =~ ^vfio[0-9]+$ ]]"
check "the device has no number in sysfs" absent "$pci/$address/vfio-dev/$vfio/dev"
check "the group's node is called noiommu-N" test -c "/dev/vfio/noiommu-$group"
check "its name leads to that node, although this kernel has nodes of devices" \
  group_link_correct /dev/vfio/groups/pci/$address "noiommu-$group"
check "sync makes the same links as udev" as_sync

run vfio_names show $address
check "show prints the group's node and why the device has none" \
  exited 0 "/dev/vfio/noiommu-$group" "no-IOMMU devices have no node of their own"
run vfio_names doctor
check "doctor reports that no IOMMU group exists" \
  exited 0 "no IOMMU group exists: devices are used without isolation" "1 of them without an IOMMU"
run vfio_names probe $address
check "probe reports that a no-IOMMU device has no node" exited 5 "a no-IOMMU device has no node of its own" "/dev/vfio/noiommu-$group"
run vfio_names probe --group --yes $address
check "probe --group reports the group's node and why it cannot be used" \
  exited 5 "a no-IOMMU group takes no IOMMU of type 1" "/dev/vfio/noiommu-$group" VFIO_NOIOMMU_IOMMU
run vfio_names exec --interface group $address -- readlink /proc/self/fd/3
check "exec passes the group's node, and says that it gives no isolation" \
  exited 0 "/dev/vfio/noiommu-$group" "has no IOMMU: its node gives no isolation"
run vfio_names cdi --interface group
check "cdi prints the group's node, and that it gives no isolation" \
  exited 0 "/dev/vfio/noiommu-$group" "has no IOMMU: its node gives no isolation"
check "unbind" unbind $address
settle
check "the name is gone" absent /dev/vfio/groups
check "vfio_id printed no errors" same "$(cat /run/vfio_id.log)" ""
