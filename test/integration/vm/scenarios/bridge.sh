# Two functions behind one bridge share an IOMMU group; each still has its own node and link.
# kernels: both cdev
# devices: bridge

first=0000:02:01.0 second=0000:02:02.0

check "both functions are in one IOMMU group" \
  same "$(readlink -f $pci/$first/iommu_group)" "$(readlink -f $pci/$second/iommu_group)"
check "bind the first" bind $first
check "bind the second" bind $second
settle
check "both links are correct" pci_links_correct $first $second
check "the links point to different nodes" \
  not same "$(stat -L -c %r /dev/vfio/pci/$first)" "$(stat -L -c %r /dev/vfio/pci/$second)"
check "there is no other link and none for the bridge" only /dev/vfio/pci $first $second

check "unbind the first" unbind $first
settle
check "only the second function's link remains" only /dev/vfio/pci $second
check "the second function's link is still correct" pci_links_correct $second
