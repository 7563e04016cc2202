# Unusable nodes: of another user, missing, of another device; and a device that is unbound between the lookup and the
# open.
# kernels: both
# devices: three
. /project/test/integration/vm/guest/probe.sh

first=0000:00:04.0 second=0000:00:05.0
check "bind" bind $first
settle
vfio=$(vfio_of $pci/$first)
node=/dev/vfio/devices/$vfio
devnum=$(<"$pci/$first/vfio-dev/$vfio/dev")
user() { setpriv --reuid 1000 --regid 1000 --clear-groups node /project/dist/vfio-names.cjs probe "$@"; }

run user $first
check "probe reports the owner and mode of the node and the UID of the user" \
  exited 4 "not permitted: $node is root:root 0600, you are uid 1000"
chown 1000 "$node"
run user --bind --yes $first
check "probe --bind by the node's owner reports that /dev/iommu is not accessible" exited 4 "not permitted: /dev/iommu is root:root 0" "you are uid 1000"
chown 1000 /dev/iommu
run user --bind --yes $first
check "probe --bind works without privileges for the owner of both nodes" exited 0
chown 0 "$node" /dev/iommu

mv /dev/iommu /dev/iommu.away
run vfio_names probe --bind --yes $first
check "probe --bind without /dev/iommu exits with status 5 and suggests CONFIG_IOMMUFD" exited 5 "CONFIG_IOMMUFD"
mv /dev/iommu.away /dev/iommu

mv "$node" "$node.away"
run vfio_names probe $first
check "probe reports a missing node" exited 1 "there is no $node here"
mknod "$node" c 1 3
run vfio_names probe $first
check "probe rejects a node with another device's number" exited 1 "$node is 1:3, and sysfs says $devnum"
rm "$node"
ln -s "$node.away" "$node"
run vfio_names probe $first
check "probe does not follow a link in place of the node" exited 1 "$node is a symlink, and sysfs says $devnum"
rm "$node"
mknod "$node" c 250 999
run vfio_names probe $first
check "probe reports a node that no driver serves" exited 1 "$node is 250:999, and sysfs says $devnum"
rm "$node"
mv "$node.away" "$node"

# A tree whose sysfs has the number of /dev/null: only an ioctl on the node can detect this.
fake=/tmp/fake
mkdir -p $fake/sys/devices/x/0000:00:1f.0/vfio-dev/vfio9 $fake/sys/class/vfio-dev $fake/sys/bus/pci $fake/dev/vfio/devices
ln -s ../../../bus/pci $fake/sys/devices/x/0000:00:1f.0/subsystem
ln -s ../../devices/x/0000:00:1f.0/vfio-dev/vfio9 $fake/sys/class/vfio-dev/vfio9
echo 1:3 >$fake/sys/devices/x/0000:00:1f.0/vfio-dev/vfio9/dev
mknod $fake/dev/vfio/devices/vfio9 c 1 3
run vfio_names probe --host-root $fake --json vfio9
check "probe reports ENOTTY for a node that is not a VFIO device" exited 1 '"errno": "ENOTTY"' "is not a VFIO device"

# run_caller: sends the second process a request with the result of an earlier lookup.
run_caller() {
  echo "{\"depth\":\"open\",\"name\":\"$first\",\"node\":\"$node\",\"devnum\":\"$devnum\",\"devAttribute\":\"$pci/$first/vfio-dev/$vfio/dev\",\"iommu\":\"\",\"container\":\"\",\"attach\":false}" |
    node /project/dist/probe-worker.cjs
}
check "the second process opens the device while it is bound" contains '"openable":true' run_caller
check "unbind" unbind $first
check "the second process reports ENOENT after unbind" contains '"errno":"ENOENT"' run_caller
check "bind another device" bind $second
settle
check "the other device has the same node and the same number" same \
  "$(vfio_of $pci/$second) $(<"$pci/$second/vfio-dev/$vfio/dev")" "$vfio $devnum"
check "the second process detects that the lookup is out of date" contains '"reason":"device-changed"' run_caller
run vfio_names probe $second
check "probe opens the other device after a new lookup" exited 0
