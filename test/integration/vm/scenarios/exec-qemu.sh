# QEMU runs as an unprivileged user and uses a device through the descriptors that exec passes; without them it fails.
# kernels: both
# devices: one
# timeout: 1500

address=0000:00:04.0
. /project/test/integration/vm/guest/qemu.sh
link=/dev/vfio/pci/$address
by_descriptor=(-object 'iommufd,id=iommufd0,fd={iommufd}' -device 'vfio-pci,id=device0,fd={fd},iommufd=iommufd0')
by_address=(-object iommufd,id=iommufd0 -device "vfio-pci,host=$address,iommufd=iommufd0")
# exec_as LIMIT: starts QEMU by exec as user nobody, with LIMIT bytes of locked memory.
exec_as() {
  start prlimit --memlock="$1" $vfio_names_command exec --iommu --user nobody $address -- \
    "${emulator[@]}" "${by_descriptor[@]}"
}

check "bind" bind $address
settle
check "the node has owner root:root and mode 0600" same "$(stat -L -c '%U:%G %a' $link)" "root:root 600"
identity=$(identity_of $address)

exec_as $((128 << 20))
check "with exec: QEMU starts" until_true 400 grep -q '(qemu)' /tmp/out
check "with exec: only user nobody has the device open" held_by nobody
list_and_quit
check "with exec: QEMU lists the device" output_has "$identity"
check "with exec: QEMU exits with status 0" status 0

# iommufd charges pinned pages to the user's limit of locked memory, and QEMU pins all of the guest's memory.
exec_as $((8 << 20))
list_and_quit
check "with the default limit of locked memory: QEMU exits with status 1" status 1
check "with the default limit of locked memory: QEMU reports that it cannot allocate memory" output_has "Cannot allocate memory"

start setpriv --reuid=nobody --regid=nogroup --clear-groups "${emulator[@]}" "${by_address[@]}"
list_and_quit
check "without exec: QEMU exits with status 1 as the same user" status 1
check "without exec: QEMU reports that it cannot open the node" output_has "Failed to open /dev/vfio/devices/$(vfio_of $pci/$address)"

start "${emulator[@]}" "${by_address[@]}"
list_and_quit
check "without exec, as root: QEMU lists the device" output_has "$identity"
check "without exec, as root: QEMU exits with status 0" status 0
