# Two functions behind one bridge share an IOMMU group, and still have a node and a name each.
# kernels: both cdev
# devices: bridge

one=0000:02:01.0 two=0000:02:02.0

check "both functions are in one IOMMU group" \
  same "$(readlink -f $pci/$one/iommu_group)" "$(readlink -f $pci/$two/iommu_group)"
check "bind the first" bind $one
check "bind the second" bind $two
settle
check "both names are true" true_pci $one $two
check "the names lead to different nodes" \
  not same "$(stat -L -c %r /dev/vfio/pci/$one)" "$(stat -L -c %r /dev/vfio/pci/$two)"
check "nothing else is named, the bridge least of all" only /dev/vfio/pci $one $two

check "unbind the first" unbind $one
settle
check "the second's name stays alone" only /dev/vfio/pci $two
check "the second's name stays true" true_pci $two
