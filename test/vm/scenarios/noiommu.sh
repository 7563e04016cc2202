# A device that VFIO gives out without an IOMMU: the kernel calls it vfioN like any other, gives it no node of its own, and
# makes a group for it alone. What is told of it is that, and not that the machine has an IOMMU.
# kernels: both
# devices: one
# words: intel_iommu=off
. /project/test/vm/guest/probe.sh

address=0000:00:04.0
echo Y >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode
check "bind" bind $address
settle
vfio=$(vfio_of $pci/$address)
group=$(basename "$(readlink $pci/$address/iommu_group)")
check "the kernel calls it vfioN" eval "[[ '$vfio' =~ ^vfio[0-9]+$ ]]"
check "it gives it no number" absent "$pci/$address/vfio-dev/$vfio/dev"
check "the group's node has a name of its own" test -c "/dev/vfio/noiommu-$group"

run vfio_names show $address
check "show knows the group's node, and why the device has none" \
  gave 0 "/dev/vfio/noiommu-$group" "no: no-IOMMU devices have no node of their own"
run vfio_names doctor
check "doctor does not take that group for an IOMMU" \
  gave 0 "no IOMMU group exists: devices are used without isolation" "1 of them without an IOMMU"
run vfio_names probe $address
check "probe says what it is" gave 5 "a no-IOMMU device has no node of its own" "/dev/vfio/noiommu-$group"
run vfio_names probe --group --yes $address
check "probe --group finds its node, and says what that takes" \
  gave 5 "a no-IOMMU group takes no IOMMU of type 1" "/dev/vfio/noiommu-$group" VFIO_NOIOMMU_IOMMU
check "unbind" unbind $address
