# A kernel with nodes of groups only, as Debian's: QEMU runs as an unprivileged user and opens the node of the group itself,
# after exec has checked it.
# kernels: group
# devices: one
# timeout: 1500

address=0000:00:04.0
. /project/test/integration/vm/guest/qemu.sh
node=/dev/vfio/$(basename "$(readlink $pci/$address/iommu_group)")
emulator+=(-device "vfio-pci,host=$address")
exec_as_nobody() {
  start prlimit --memlock=$((128 << 20)) $vfio_names_command \
    exec --interface group --no-fds --user nobody $address -- "$@"
}

check "bind" bind $address
settle
identity=$(identity_of $address)
check "the node of the group has owner root:root and mode 0600" same "$(stat -c '%U:%G %a' "$node")" "root:root 600"

exec_as_nobody "${emulator[@]}"
list_and_quit
check "exec exits with status 4 if the user may not open the node" status 4
check "exec names the node" output_has "expected nodes that nobody may open, found $node"

chgrp nogroup "$node" && chmod 0660 "$node"
exec_as_nobody "${emulator[@]}"
check "with the node of its group, QEMU starts" until_true 400 grep -q '(qemu)' /tmp/out
check "only user nobody has the device open" held_by nobody
list_and_quit
check "QEMU lists the device" output_has "$identity"
check "QEMU exits with status 0" status 0

# A descriptor of the group that is passed on keeps QEMU from opening the node.
start prlimit --memlock=$((128 << 20)) $vfio_names_command \
  exec --interface group --user nobody $address -- "${emulator[@]}"
list_and_quit
check "without --no-fds, QEMU cannot open the node" output_has "Device or resource busy"
check "without --no-fds, QEMU exits with status 1" status 1
