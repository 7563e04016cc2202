# Groups that change: a card that is unplugged and plugged in again gets another group, and devices leave and join a group whose
# node exists. On a kernel without nodes of devices.
# kernels: group
# devices: groups

. /project/test/integration/vm/guest/helper.sh
. /project/test/integration/vm/guest/groups.sh
single=0000:00:04.0 first=0000:02:01.0 second=0000:02:02.0 hot=0000:04:00.0
uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001

check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_counting

monitor device_add e1000e,bus=rp2,id=hot
check "the card appears" until_true 60 test -e $pci/$hot
check "bind it" bind $hot
settle
check "it has a name" group_names $hot
before=$(group_of $hot)
monitor device_del hot
check "the card disappears" until_true 60 absent $pci/$hot
settle
check "its name is gone" absent /dev/vfio/groups

# The mediated device takes the number of the group.
check "create a mediated device" \
  eval "echo $uuid >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create"
monitor device_add e1000e,bus=rp2,id=hot2
check "the card appears again" until_true 60 test -e $pci/$hot
bind $hot
settle
check "it has another group" not same "$(group_of $hot)" "$before"
check "its name leads to the other group" group_names $hot
check "the mediated device has the name of its group" \
  group_link_correct /dev/vfio/groups/mdev/$uuid "$(basename "$(readlink /sys/bus/mdev/devices/$uuid/iommu_group)")"
check "sync makes the same links as udev" as_sync
echo 1 >/sys/bus/mdev/devices/$uuid/remove
settle
check "the name of the mediated device is gone" absent /dev/vfio/groups/mdev

bind $first
settle
check "both members of a group have names" group_names $hot $first $second
echo 1 >$pci/$second/remove
settle
check "the name of a device that left its group is gone" group_names $hot $first
echo 1 >/sys/bus/pci/rescan
check "the device comes back" until_true 60 test -e $pci/$second
check "it is in the group again" same "$(group_of $second)" "$(group_of $first)"
settle
bind $second
settle
check "it gets its name by the event of its own" group_names $hot $first $second
check "sync makes the same links as udev" as_sync

udevadm trigger --subsystem-match=vfio-dev --subsystem-match=vfio --action=change
settle
check "a change event leaves the names" group_names $hot $first $second
rm /run/udev/rules.d/70-vfio-names.rules
reload_rules
udevadm trigger --subsystem-match=vfio --action=change
settle
check "without the rules, a change event removes the names" absent /dev/vfio/groups
check "vfio_id printed no errors" same "$(cat /run/vfio_id.log)" ""
