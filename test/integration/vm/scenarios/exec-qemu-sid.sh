# QEMU of Debian sid, in a chroot, uses a device by the descriptors that exec passes, and by the node of the group after exec has
# checked it.
# kernels: both
# devices: one
# clients: sid
# timeout: 1800

address=0000:00:04.0
. /project/test/integration/vm/guest/qemu.sh
. /project/test/integration/vm/guest/clients.sh
link=/dev/vfio/pci/$address
node=/dev/vfio/$(basename "$(readlink $pci/$address/iommu_group)")
# QEMU since 10.1 crashes if a device with `fd` has no `id`: cpr_save_fd calls strlen on it.
by_descriptor=(-object 'iommufd,id=iommufd0,fd={iommufd}' -device 'vfio-pci,id=device0,fd={fd},iommufd=iommufd0')
# has_prompt: QEMU's monitor expects a command.
has_prompt() { grep -q '(qemu)' /tmp/out || { cat /tmp/out && return 1; }; }
# exec_in_sid OPTION... -- ARGUMENT...: starts QEMU by exec, as user nobody in the chroot; the arguments are QEMU's.
exec_in_sid() {
  local options=()
  while [[ $1 != -- ]]; do options+=("$1") && shift; done
  shift
  start prlimit --memlock=$((128 << 20)) $vfio_names_command exec "${options[@]}" $address -- \
    chroot --userspec=nobody:nogroup $sid "${emulator[@]}" "$@"
}

check "bind" bind $address
settle
identity=$(identity_of $address)
note "$(in_sid qemu-system-x86_64 --version | head -n 1)"
check "QEMU has at least version 11" test "$(in_sid qemu-system-x86_64 --version | sed -n '1s/.*version \([0-9]*\).*/\1/p')" -ge 11
check "the node has owner root:root and mode 0600" same "$(stat -L -c '%U:%G %a' $link)" "root:root 600"

exec_in_sid --iommu -- "${by_descriptor[@]}"
check "by descriptors: QEMU starts" until_true 400 has_prompt
check "by descriptors: only user nobody has the device open" held_by nobody
list_and_quit
check "by descriptors: QEMU lists the device" output_has "$identity"
check "by descriptors: QEMU exits with status 0" status 0

chgrp nogroup "$node" && chmod 0660 "$node"
exec_in_sid --interface group --no-fds -- -device "vfio-pci,host=$address"
check "by the node of the group: QEMU starts" until_true 400 has_prompt
check "by the node of the group: only user nobody has the device open" held_by nobody
list_and_quit
check "by the node of the group: QEMU lists the device" output_has "$identity"
check "by the node of the group: QEMU exits with status 0" status 0
