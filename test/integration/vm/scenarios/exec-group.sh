# exec --interface group passes checked descriptors of a group and of a container: an independent program uses both functions
# of the group through them as user nobody. resolve --interface group prints the node that the kernel has.
# kernels: both group
# devices: twins

first=0000:00:04.0 second=0000:00:04.1
guest=/project/test/integration/vm/guest
group=$(basename "$(readlink $pci/$first/iommu_group)")
node=/dev/vfio/$group

# shellcheck disable=SC2016 # for another shell
list_descriptors='for fd in {0..20}; do [[ ! -e /proc/$$/fd/$fd ]] || echo $fd; done'


check "both functions are in one group" same "$(basename "$(readlink $pci/$second/iommu_group)")" "$group"
check "bind the first" bind $first
settle
check "the sibling is on its driver of the host" same "$(basename "$(readlink $pci/$second/driver)")" nvme
check "resolve --interface group prints the node, though the group is closed" \
  same "$(vfio_names resolve --interface group $first)" "$node"
run_program exec --interface group $first -- touch /tmp/ran
check "exec exits with status 1 while the sibling is on a driver of the host" status 1
check "exec names the sibling and its driver" output_has "IOMMU group $group is not viable: $second (nvme)"
run_program resolve $first+group
check "resolve NAME+group names the sibling, too" output_has "$second (nvme)"
check "exec did not start the command" absent /tmp/ran

check "bind the sibling" bind $second
settle
check "exec passes the group's node" \
  same "$(vfio_names exec --interface group $first -- stat -L -c %Hr:%Lr '/proc/self/fd/{groupfd}')" "$(<"/sys/class/vfio/$group/dev")"
check "exec passes the container" \
  same "$(vfio_names exec --interface group $first -- stat -L -c %Hr:%Lr '/proc/self/fd/{containerfd}')" 10:196
check "the command has these descriptors and no others" \
  same "$(vfio_names exec --interface group $first+group -- bash -c "$list_descriptors" | xargs)" "0 1 2 3 4"
vfio_names exec --interface group --user nobody $first+group -- \
  $guest/group-fds '{groupfd}' '{containerfd}' $first $second >/tmp/out 2>&1
check "a program of user nobody uses both functions through the descriptors" same "$(</tmp/out)" \
  "$(printf '%s\n' "uid $(id -u nobody)" "viable 1" "in a container 0" "version 0" "$first: 9 regions, pci 1" "$second: 9 regions, pci 1")"
check "that user cannot open the node by its path" \
  exits 1 vfio_names exec --interface group --no-fds $first -- setpriv --reuid=nobody --regid=nogroup --clear-groups bash -c "exec 9<>$node"
run_program exec --interface group --no-fds --user nobody $first -- touch /tmp/ran
check "exec --no-fds --user exits with status 4 if owner and mode keep the user out" status 4
check "it names the node" output_has "$node of 0:0, mode 0600"
chgrp nogroup "$node" && chmod 0660 "$node"
check "exec --no-fds --user starts the command if its group may open the node, which is free again" \
  exits 0 vfio_names exec --interface group --no-fds --user nobody $first -- bash -c "exec 9<>$node"
check "the command of --no-fds has no descriptors" \
  same "$(vfio_names exec --interface group --no-fds $first -- bash -c "$list_descriptors" | xargs)" "0 1 2"

for name in "$node" "group:$group" "/sys/kernel/iommu_groups/$group" "/sys/class/vfio/$group" "$(<"/sys/class/vfio/$group/dev")"; do
  check "resolve --interface group $name prints the node" \
    same "$(vfio_names resolve --interface group "$name")" "$node"
done
check "resolve of a group with two devices exits with status 2" exits 2 vfio_names resolve --print name "group:$group"
check "resolve NAME+group --print name prints both" \
  same "$(vfio_names resolve $second+group --print name)" "$first"$'\n'"$second"
if [[ $KERNEL == group ]]; then
  check "resolve --interface auto prints the node of the group" same "$(vfio_names resolve --interface auto $first)" "$node"
else
  check "resolve --interface auto prints the node of the device" \
    same "$(vfio_names resolve --interface auto $first)" "/dev/vfio/devices/$(vfio_of $pci/$first)"
fi
check "resolve --print name works on every kernel" same "$(vfio_names resolve $first --print name)" $first

sleep infinity 9<>"$node" &
holder=$!
run_program exec --interface group $first -- true
check "exec exits with status 1 while another process has the group" status 1
check "exec names that process" output_has "group $group is in use by pid $holder (sleep) through the group node"
kill $holder
wait $holder

mv "$node" /dev/vfio/kept && mknod "$node" c 1 3
check "exec does not open another device at the place of the node" exits 1 vfio_names exec --interface group $first -- true
check "resolve does not print another device at the place of the node" exits 1 vfio_names resolve --interface group $first
rm "$node" && mv /dev/vfio/kept "$node"
check "unbind the first" unbind $first
check "exec exits with status 3 for a device that is not bound, while the group has its node" \
  exits 3 vfio_names exec --interface group $first -- true
