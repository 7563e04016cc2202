# What doctor, probe, holders, cdi and graph report about a group: the device on a driver of the host that keeps it closed, the
# processes that have its node and a container open, and the nodes of all its devices.
# kernels: group both
# devices: mixed

first=0000:02:01.0 second=0000:02:02.0
group=$(basename "$(readlink $pci/$first/iommu_group)")
node=/dev/vfio/$group

# interfaces NAME: how processes have the devices open, one word per device and descriptor.
interfaces() { vfio_names holders --json "$1" | grep -oE '"(name|interface)": "[^"]*"' | cut -d'"' -f4 | xargs; }
# paths ARGUMENT...: the paths of the nodes in the CDI specification, without the shared one.
paths() { vfio_names cdi "$@" 2>/dev/null | grep -oE '"path": "[^"]*"' | cut -d'"' -f4 | grep -vE '/(iommu|vfio)$' | xargs; }

check "bind the first" bind $first
settle
run_program doctor
check "doctor exits with status 1" status 1
check "doctor names the sibling and its driver" output_has "IOMMU group $group is not viable: $first is bound to VFIO, but its sibling $second (virtio-pci)"
if [[ $KERNEL == group ]]; then
  check "doctor reports names of groups" output_has "names of groups; per-device names need a kernel with CONFIG_VFIO_DEVICE_CDEV"
fi
run_program probe $first+group
check "probe NAME+group names the sibling" output_has "IOMMU group $group is not viable: $second (virtio-pci)"
run_program cdi --whole-groups --interface group
check "cdi --whole-groups exits with status 1" status 1
check "cdi --whole-groups names the sibling" output_has "$first is left out: IOMMU group $group is not viable: $second (virtio-pci)"
check "graph shows the sibling as what blocks the group" contains "blocks its group" vfio_names graph

check "bind the sibling" bind $second
settle
run_program doctor
check "doctor reports that every group is usable" output_has "every IOMMU group of these devices can be used"
check "cdi --whole-groups --interface group has the node of the group for each device" \
  same "$(paths --whole-groups --interface group)" "$node $node"
if [[ $KERNEL == group ]]; then
  check "probe NAME+group probes both devices" contains "$second: cannot be opened" vfio_names probe $first+group
  check "graph shows the node of the group" contains "vfio-pci, $node" vfio_names graph
else
  a=/dev/vfio/devices/$(vfio_of $pci/$first) b=/dev/vfio/devices/$(vfio_of $pci/$second)
  check "cdi --whole-groups has the nodes of both devices for each" same "$(paths --whole-groups)" "$a $b $b $a"
  run_program probe $first+group
  check "probe NAME+group opens both devices" status 0
  check "probe NAME+group reports both devices" output_has "$second: can be opened"
fi

check "no process has a device of the group open" same "$(interfaces "$node")" "$first $second"
sleep infinity 8<>/dev/vfio/vfio 9<>"$node" &
holder=$!
sleep infinity 8<>/dev/vfio/vfio &
other=$!
for name in "$node" "group:$group" $second+group; do
  check "holders $name lists the group and the container of that process for both devices" \
    same "$(interfaces "$name")" "$first container group $second container group"
done
check "show lists them, too" contains "container" vfio_names show $first
check "graph shows that process" contains "in use by sleep (pid $holder)" vfio_names graph
run_program probe --group --yes $first
check "probe --group names that process once" output_has "in use by pid $holder (sleep) through the group node; "
kill $holder $other
wait $holder $other
check "no process has a device of the group open any more" same "$(interfaces "$node")" "$first $second"

user() { setpriv --reuid=nobody --regid=nogroup --clear-groups node /project/dist/vfio-names.cjs "$@"; }
if [[ $KERNEL == group ]]; then
  check "doctor says to an ordinary user that the node is closed" contains "you may open none of the nodes of groups, such as $node (root:root 0600)" user doctor
  chgrp nogroup "$node" && chmod 0660 "$node"
  check "doctor says to a user of its group that it is open" contains "this user may open the nodes of 1 group" user doctor
  chmod 0600 /dev/vfio/vfio
  check "doctor reports the mode of the container" contains "/dev/vfio/vfio (root:root 0600)" user doctor
  mv /dev/vfio/vfio /dev/vfio/kept
  check "doctor reports that the container is missing" contains "there is no /dev/vfio/vfio" user doctor
  mv /dev/vfio/kept /dev/vfio/vfio
fi
