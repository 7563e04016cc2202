# A function is bound to VFIO and its sibling of the IOMMU group to a driver of the host: the group
# is not viable, which doctor says before a virtual machine does.
# kernels: both
# devices: mixed

one=0000:02:01.0 two=0000:02:02.0

# viable GROUP: what the kernel itself says: VFIO_GROUP_GET_STATUS, flag 1.
viable() {
  perl -e '
    open(my $group, "+<", $ARGV[0]) or die "$ARGV[0]: $!";
    my $status = pack("LL", 8, 0);
    ioctl($group, 0x3b67, $status) // die "VFIO_GROUP_GET_STATUS: $!";
    exit !((unpack("LL", $status))[1] & 1);
  ' "/dev/vfio/$1"
}

# look ARGUMENT...: runs the program once; `status` and `told` judge this one run.
look() {
  got=0
  out=$(vfio_names "$@" 2>&1) || got=$?
}
status() { same "$got" "$1" || { echo "$out" && return 1; }; }
told() {
  echo "$out"
  [[ $out == *"$1"* ]]
}

group=$(basename "$(readlink $pci/$one/iommu_group)")
check "both functions are in one IOMMU group" \
  same "$(basename "$(readlink $pci/$two/iommu_group)")" "$group"
check "the sibling is on a driver of the host" \
  same "$(basename "$(readlink $pci/$two/driver)")" virtio-pci
check "bind the first" bind $one
settle
check "the kernel calls the group not viable" not viable "$group"
look doctor
check "doctor finds a fault" status 1
check "doctor says which group, because of whom" \
  told "IOMMU group $group is not viable: $one is bound to VFIO, but its sibling $two (virtio-pci)"
look show $one
check "show names the sibling, its driver and what it does" \
  told "$two (virtio-pci): in the way: the group is not viable"

check "take the sibling from its driver" unbind $two
check "the kernel calls the group viable" viable "$group"
check "doctor is content" exits 0 vfio_names doctor
check "bind the sibling to VFIO, too" bind $two
settle
check "the kernel calls the group viable still" viable "$group"
look doctor
check "doctor says so" told "every IOMMU group of these devices can be used"
look show $one
check "show has the sibling" told "$two (vfio-pci): bound to VFIO too"
