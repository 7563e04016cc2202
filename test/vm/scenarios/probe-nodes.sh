# Nodes that are not as they should be: of another user, missing, of another device; and a device
# that leaves between the look-up and the open.
# kernels: both
# devices: three
. /project/test/vm/guest/probe.sh

first=0000:00:04.0 second=0000:00:05.0
check "bind" bind $first
settle
vfio=$(vfio_of $pci/$first)
node=/dev/vfio/devices/$vfio
devnum=$(<"$pci/$first/vfio-dev/$vfio/dev")
user() { setpriv --reuid 1000 --regid 1000 --clear-groups node /project/dist/vfio-names.cjs probe "$@"; }

run user $first
check "who may not is told whose node it is, and who they are" \
  gave 4 "not permitted: $node is root:root 0600, you are uid 1000"
chown 1000 "$node"
run user --bind --yes $first
check "the owner may, but to bind they need /dev/iommu, too" gave 4 "not permitted: /dev/iommu is root:root 0" "you are uid 1000"
chown 1000 /dev/iommu
run user --bind --yes $first
check "with both they may, without any privilege" gave 0
chown 0 "$node" /dev/iommu

mv /dev/iommu /dev/iommu.away
run vfio_names probe --bind --yes $first
check "no /dev/iommu: this kernel can't, and what to do" gave 5 "CONFIG_IOMMUFD"
mv /dev/iommu.away /dev/iommu

mv "$node" "$node.away"
run vfio_names probe $first
check "no node: it says so" gave 1 "there is no $node here"
mknod "$node" c 1 3
run vfio_names probe $first
check "the node of another device is not taken for it" gave 1 "$node is 1:3, and sysfs says $devnum"
rm "$node"
ln -s "$node.away" "$node"
run vfio_names probe $first
check "a link in its place is not followed" gave 1 "is a link"
rm "$node"
mknod "$node" c 250 999
run vfio_names probe $first
check "a node that nothing is behind" gave 1 "is a left-over node"
rm "$node"
mv "$node.away" "$node"

# Another tree's sysfs that promises /dev/null: only the device itself can tell.
fake=/tmp/fake
mkdir -p $fake/sys/devices/x/0000:00:1f.0/vfio-dev/vfio9 $fake/sys/class/vfio-dev $fake/sys/bus/pci $fake/dev/vfio/devices
ln -s ../../../bus/pci $fake/sys/devices/x/0000:00:1f.0/subsystem
ln -s ../../devices/x/0000:00:1f.0/vfio-dev/vfio9 $fake/sys/class/vfio-dev/vfio9
echo 1:3 >$fake/sys/devices/x/0000:00:1f.0/vfio-dev/vfio9/dev
mknod $fake/dev/vfio/devices/vfio9 c 1 3
run vfio_names probe --root $fake --json vfio9
check "a device that is no VFIO device gives itself away" gave 1 '"errno": "ENOTTY"' "is no VFIO device"

# What the second process is asked after a look-up, when the device has left since.
asked() {
  echo "{\"depth\":\"open\",\"name\":\"$first\",\"node\":\"$node\",\"devnum\":\"$devnum\",\"devAttribute\":\"$pci/$first/vfio-dev/$vfio/dev\",\"iommu\":\"\",\"container\":\"\",\"attach\":false}" |
    node /project/dist/caller.cjs
}
check "asked while it is there, it is openable" contains '"openable":true' asked
check "unbind" unbind $first
check "the node went with the device" contains '"errno":"ENOENT"' asked
check "bind another one" bind $second
settle
check "it has the same node and the same number" same \
  "$(vfio_of $pci/$second) $(<"$pci/$second/vfio-dev/$vfio/dev")" "$vfio $devnum"
check "the look-up is out of date, and that is seen" contains '"trouble":"moved"' asked
run vfio_names probe $second
check "a new look-up finds the other one" gave 0
