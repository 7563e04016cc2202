# Names of groups on a kernel without nodes of devices: every member of a group has its name as soon as the group has a node,
# whatever its driver, and all of them go with the node; udev and sync make the same links.
# kernels: group
# devices: groups

. /project/test/integration/vm/guest/helper.sh
. /project/test/integration/vm/guest/groups.sh
single=0000:00:04.0 first=0000:02:01.0 second=0000:02:02.0

check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_counting

check "bind a device that is alone in its group" bind $single
settle
check "it has a name, which leads to its group" group_names $single
check "vfio_id was called once for the event of the group" calls "group names" 1
check "udev knows the name" contains "vfio/groups/pci/$single" udevadm info -q symlink "/dev/vfio/$(group_of $single)"
check "unbind" unbind $single
settle
check "the name is gone, and its directory" absent /dev/vfio/groups

group=$(group_of $first)
check "two functions and their bridge are in one group" \
  same "$(ls -x -w 999 "/sys/kernel/iommu_groups/$group/devices")" "0000:01:00.0  $first  $second"
for order in "$first $second" "$second $first"; do
  read -r a b <<<"$order"
  reset_calls
  check "bind $a" bind $a
  settle
  check "both functions have names, the bridge does not" group_names $first $second
  bind $b
  settle
  check "the names stay when $b is bound too" group_names $first $second
  check "vfio_id named the group once" calls "group names" 1
  unbind $a
  settle
  check "the names stay while one function is bound" group_names $first $second
  unbind $b
  settle
  check "the names go with the last function" absent /dev/vfio/groups
done

check "enable virtual functions" virtual_functions 4 0000:03:00.0
mapfile -t functions < <(functions_of 0000:03:00.0)
for address in "${functions[@]}" $single $second $first; do bind "$address"; done
settle
check "every virtual function has a name beside the others" group_names "${functions[@]}" $single $first $second
check "sync makes the same links as udev" as_sync
for address in "${functions[@]}" $first; do unbind "$address"; done
settle
check "the names of unbound functions are gone, the others stay" group_names $single $first $second
unbind $second
unbind $single
settle
check "no name is left" absent /dev/vfio/groups
check "vfio_id printed no errors" same "$(cat /run/vfio_id.log)" ""
