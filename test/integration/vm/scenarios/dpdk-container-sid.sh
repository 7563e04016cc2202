# DPDK of Debian sid in a container of podman uses the device that the container requests by its CDI name, through its group, and
# cannot use another one.
# kernels: both group
# devices: three
# root: writable
# clients: sid
# timeout: 2400

a=0000:00:05.0 b=0000:00:06.0
. /project/test/integration/vm/guest/clients.sh
. /project/test/integration/vm/guest/dpdk.sh

# The root of the containers, without the guest's /dev, /proc, /sys and /run.
mkdir /tmp/root
mount --bind $sid /tmp/root
# start_in DEVICE-IN-CONTAINER ADDRESS: testpmd may lock the memory that the card uses.
start_in() {
  start "$2" podman --root /tmp/storage --runroot /tmp/state --storage-driver vfs --cgroup-manager cgroupfs \
    run --rm --interactive --network none --ulimit memlock=-1 --device "vfio-names.dev/pci=$1" --rootfs /tmp/root
}

mac_a=$(mac_of $a) mac_b=$(mac_of $b)
for address in $b $a; do bind $address; done
settle
check "cdi writes a file with the nodes of groups" exits 0 vfio_names cdi --interface group --output /etc/cdi/vfio-names-pci.json

while read -r address mac; do
  start_in $address $address
  check "$address: testpmd starts in the container" until_true 400 has_prompt
  pid=$(pgrep -x dpdk-testpmd)
  check "$address: it has only the node of the group open" same "$(opened_by "$pid")" \
    "$(number_of "/dev/vfio/$(basename "$(readlink $pci/$address/iommu_group)")")"
  check "$address: holders on the host reports this process" \
    same "$(vfio_names holders $address | awk '$4 == "group" { print $2 }')" "$pid"
  quit
  check "$address: testpmd lists the card that the kernel's driver had at this address" lists_card $address "$mac"
  check "$address: testpmd exits with status 0" status 0
done <<<"$a $mac_a
$b $mac_b"

start_in $a $b
check "with the device of another container: testpmd starts without ports" until_true 400 has_prompt
check "with the device of another container: it has no node open" same "$(opened_by "$(pgrep -x dpdk-testpmd)")" ""
quit
check "with the device of another container: testpmd has no device" output_has "Invalid port 0"
note "$(grep -iE 'EAL: .*(cannot|fail)' /tmp/out)"
