# A container gets the device that it asks for by its name, and no other; and vfio-names works inside with what it is given.
# kernels: both
# devices: three
# root: writable
# timeout: 1500

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0

# A root of the container's own, with nothing but busybox.
mkdir -p /tmp/rootfs/{bin,dev,etc,proc,sys,tmp}
cp "$(command -v busybox)" /tmp/rootfs/bin/busybox
for word in sh id ls mknod; do ln -s busybox /tmp/rootfs/bin/$word; done

# box WORD...: one container without network; `out` and `got` are what came of it.
box() {
  got=0
  out=$(timeout 400 podman --root /tmp/storage --runroot /tmp/state --storage-driver vfs --cgroup-manager cgroupfs \
    run --rm --network none "$@" 2>&1) || got=$?
}
status() { same "$got" "$1" || { echo "$out" && return 1; }; }
told() {
  echo "$out"
  [[ $out == *"$1"* ]]
}
line() { same "$(sed -n "s/^$1: //p" <<<"$out")" "$2" || { echo "$out" && return 1; }; }

for address in $a $b; do check "bind $address" bind $address; done
settle
vfio=$(vfio_of $pci/$a) other=$(vfio_of $pci/$b)
other_number=$(tr : ' ' <"$pci/$b/vfio-dev/$other/dev")
check "the devices are described where podman looks" exits 0 vfio_names cdi --output /etc/cdi/vfio-names-pci.json

# MKNOD, so that it is the list of devices that keeps the other one out.
box --device vfio-names.dev/pci=$a --cap-add MKNOD --rootfs /tmp/rootfs sh -c '
  echo "nodes: $(cd /dev/vfio/devices && echo *)"
  (exec 3<>/dev/vfio/devices/$0) && echo "open: yes"
  (exec 3<>/dev/iommu) && echo "iommu: yes"
  mknod /tmp/other c $1 && echo "made: yes"
  (exec 3<>/tmp/other) || echo "other: no"
' "$vfio" "$other_number"
check "the container ran" status 0
check "it has the node of its device alone" line nodes "$vfio"
check "it can open it" line open yes
check "and /dev/iommu" line iommu yes
check "it may make a node of the other device" line made yes
check "but not open it" line other no

box --rootfs /tmp/rootfs ls /dev/vfio
check "a container that asks for nothing has nothing" told "No such file or directory"
box --device vfio-names.dev/pci=$c --rootfs /tmp/rootfs id
check "a device that is not bound is not to be had" told "unresolvable CDI devices vfio-names.dev/pci=$c"

# The guest's own root, for Node.
mkdir /tmp/host
mount --bind / /tmp/host
box --device vfio-names.dev/pci=$a --volume /project:/project --rootfs /tmp/host bash -c '
  vfio_names() { node /project/dist/vfio-names.cjs "$@"; }
  echo "resolve: $(vfio_names resolve $0)"
  vfio_names probe $0 && echo "probe: yes"
  vfio_names sync && vfio_names verify $0 && echo "verify: yes"
  echo "other: $(vfio_names resolve $1 2>&1)"
' $a $b
check "inside, vfio-names finds the node" line resolve "/dev/vfio/devices/$vfio"
check "inside, it opens it" line probe yes
check "inside, it makes the name, which is true" line verify yes
check "inside, it says of the other device that its node is not there" told "/dev/vfio/devices/$other, found nothing"

unbind $a
settle
check "the device goes" exits 0 vfio_names cdi --output /etc/cdi/vfio-names-pci.json
box --device vfio-names.dev/pci=$a --rootfs /tmp/rootfs id
check "it is not to be had any more" told "unresolvable CDI devices vfio-names.dev/pci=$a"
