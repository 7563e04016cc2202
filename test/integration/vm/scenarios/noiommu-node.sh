# Since Linux 7.3 a device without an IOMMU can have a node, /dev/vfio/devices/noiommu-vfioN. No name leads to it; the name of its
# group exists as on earlier kernels. The commands that hand over such a node say that it gives no isolation.
# kernels: next
# devices: one
# kernel-command-line: intel_iommu=off
. /project/test/integration/vm/guest/noiommu.sh

vfio=$(basename $pci/$address/vfio-dev/*)
node=/dev/vfio/devices/$vfio
check "the kernel calls the device noiommu-vfioN" eval "[[ '$vfio' =~ ^noiommu-vfio[0-9]+$ ]]"
check "its node has the device number of sysfs" same "$(stat -c '%F %Hr:%Lr' "$node")" \
  "character special file $(<"$pci/$address/vfio-dev/$vfio/dev")"
check "the name of its group leads to noiommu-N" group_link_correct /dev/vfio/groups/pci/$address "noiommu-$group"
check "there is no other link" same "$(links)" "groups/pci/$address ../../noiommu-$group"
check "sync makes the same links as udev" as_sync

run vfio_names show $address
check "show prints both nodes" exited 0 "$node" "/dev/vfio/noiommu-$group"
run vfio_names resolve $address
check "resolve prints the node, and that it gives no isolation" exited 0 "$node" "has no IOMMU: its node gives no isolation"
run vfio_names exec $address -- readlink /proc/self/fd/3
check "exec passes the node, and says that it gives no isolation" exited 0 "$node" "has no IOMMU: its node gives no isolation"
run vfio_names doctor
check "doctor reports that the device has no IOMMU" exited 0 "1 of them without an IOMMU" "no IOMMU group exists"
run vfio_names cdi --interface cdev
check "cdi leaves the device out, and says why" exited 1 "found one without, which gives no isolation"
run vfio_names probe $address
check "root can open the node" exited 0 "can be opened: $node"
chmod 666 "$node"
run setpriv --reuid=65534 --regid=65534 --clear-groups $vfio_names_command probe $address
check "probe says to another user that the mode of the node is not enough" exited 4 CAP_SYS_RAWIO
chmod 600 "$node"

check "unbind" unbind $address
settle
check "the name is gone" absent /dev/vfio/groups
check "vfio_id printed no errors" same "$(cat /run/vfio_id.log)" ""

udevadm control --exit
check "udevd ends" until_true 60 not pidof systemd-udevd
check "/etc is writable" writable /etc
check "render the rules for mdev" eval "vfio_names rules render --target mdev >/etc/mdev.conf"
ln -s /bin/busybox /run/mdev
echo /run/mdev >/proc/sys/kernel/hotplug
check "bind with mdev" bind $address
check "mdev makes the name of the group" \
  until_true 60 group_link_correct /dev/vfio/groups/pci/$address "noiommu-$(group_of $address)"
check "unbind with mdev" unbind $address
check "mdev removes it" until_true 60 absent /dev/vfio/groups
