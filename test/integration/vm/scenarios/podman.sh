# A container gets the device that it requests by name and no other; vfio-names works inside with that device.
# kernels: both
# devices: three
# root: writable
# timeout: 1500

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0

# The container's root, which has only busybox.
mkdir -p /tmp/rootfs/{bin,dev,etc,proc,sys,tmp}
cp "$(command -v busybox)" /tmp/rootfs/bin/busybox
for word in sh id ls mknod sed; do ln -s busybox /tmp/rootfs/bin/$word; done

# container ARGUMENT...: runs a container without network; sets `out` to its output and `got` to its exit status.
container() {
  got=0
  out=$(timeout 400 podman --root /tmp/storage --runroot /tmp/state --storage-driver vfs --cgroup-manager cgroupfs \
    run --rm --network none "$@" 2>&1) || got=$?
}
status() { same "$got" "$1" || { echo "$out" && return 1; }; }
output_has() {
  echo "$out"
  [[ $out == *"$1"* ]]
}
line() { same "$(sed -n "s/^$1: //p" <<<"$out")" "$2" || { echo "$out" && return 1; }; }

for address in $a $b; do check "bind $address" bind $address; done
settle
vfio=$(vfio_of $pci/$a) other=$(vfio_of $pci/$b)
other_number=$(tr : ' ' <"$pci/$b/vfio-dev/$other/dev")
check "cdi writes a file to a directory that podman reads" exits 0 vfio_names cdi --output /etc/cdi/vfio-names-pci.json

# With CAP_MKNOD, so that only the device cgroup can deny access to the other device.
container --device vfio-names.dev/pci=$a --cap-add MKNOD --rootfs /tmp/rootfs sh -c '
  echo "nodes: $(cd /dev/vfio/devices && echo *)"
  (exec 3<>/dev/vfio/devices/$0) && echo "open: yes"
  (exec 3<>/dev/iommu) && echo "iommu: yes"
  mknod /tmp/other c $1 && echo "made: yes"
  (exec 3<>/tmp/other) 2>/tmp/error || echo "other: no"
  echo "why: $(sed "s/.*: //" /tmp/error)"
' "$vfio" "$other_number"
check "the container exits with status 0" status 0
check "the container has only the node of its device" line nodes "$vfio"
check "the container can open its device" line open yes
check "the container can open /dev/iommu" line iommu yes
check "the container can create a node for the other device" line made yes
check "the container cannot open the other device" line other no
check "the device cgroup denies it" line why "Operation not permitted"

container --rootfs /tmp/rootfs ls /dev/vfio
check "a container without --device has no /dev/vfio" output_has "No such file or directory"
container --device vfio-names.dev/pci=$c --rootfs /tmp/rootfs id
check "podman rejects a device that is not bound" output_has "unresolvable CDI devices vfio-names.dev/pci=$c"

# The guest's root, because it has Node.
mkdir /tmp/host
mount --bind / /tmp/host
container --device vfio-names.dev/pci=$a --volume /project:/project --rootfs /tmp/host bash -c '
  vfio_names() { node /project/dist/vfio-names.cjs "$@"; }
  echo "resolve: $(vfio_names resolve $0)"
  vfio_names probe $0 && echo "probe: yes"
  vfio_names sync; echo "sync: $?"
  vfio_names verify $0 && echo "verify: yes"
  echo "other: $(vfio_names resolve $1 2>&1)"
' $a $b
check "in the container, resolve prints the node" line resolve "/dev/vfio/devices/$vfio"
check "in the container, probe opens the device" line probe yes
check "in the container, sync reports the device without a node" line sync 1
check "in the container, sync creates a link that verify accepts" line verify yes
check "in the container, resolve reports that the other device's node does not exist" output_has "/dev/vfio/devices/$other, found nothing"

unbind $a
settle
check "cdi updates the file after unbind" exits 0 vfio_names cdi --output /etc/cdi/vfio-names-pci.json
container --device vfio-names.dev/pci=$a --rootfs /tmp/rootfs id
check "podman rejects the device after unbind" output_has "unresolvable CDI devices vfio-names.dev/pci=$a"
