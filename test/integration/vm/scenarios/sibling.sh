# A function is bound to VFIO and its sibling in the IOMMU group to a host driver: the group is not viable, and doctor
# reports it.
# kernels: both
# devices: mixed

first=0000:02:01.0 second=0000:02:02.0

# viable GROUP: VFIO_GROUP_GET_STATUS reports VFIO_GROUP_FLAGS_VIABLE (1).
viable() {
  perl -e '
    open(my $group, "+<", $ARGV[0]) or die "$ARGV[0]: $!";
    my $status = pack("LL", 8, 0);
    ioctl($group, 0x3b67, $status) // die "VFIO_GROUP_GET_STATUS: $!";
    exit !((unpack("LL", $status))[1] & 1);
  ' "/dev/vfio/$1"
}


group=$(basename "$(readlink $pci/$first/iommu_group)")
check "both functions are in one IOMMU group" \
  same "$(basename "$(readlink $pci/$second/iommu_group)")" "$group"
check "the sibling is bound to a host driver" \
  same "$(basename "$(readlink $pci/$second/driver)")" virtio-pci
check "bind the first" bind $first
settle
check "the kernel reports the group as not viable" not viable "$group"
run_program doctor
check "doctor exits with status 1" status 1
check "doctor reports the group, the bound function and the sibling" \
  output_has "IOMMU group $group is not viable: $first is bound to VFIO, but its sibling $second (virtio-pci)"
run_program show $first
check "show prints the sibling, its driver and that it makes the group unusable" \
  output_has "$second (virtio-pci): blocks the group"

check "unbind the sibling" unbind $second
check "the kernel reports the group as viable" viable "$group"
check "doctor exits with status 0" exits 0 vfio_names doctor
check "bind the sibling to VFIO" bind $second
settle
check "the kernel still reports the group as viable" viable "$group"
run_program doctor
check "doctor reports that every group is usable" output_has "every IOMMU group of these devices can be used"
run_program show $first
check "show prints the sibling as bound to VFIO" output_has "$second (vfio-pci): also bound to a VFIO driver"
