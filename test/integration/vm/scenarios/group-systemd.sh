# With systemd as PID 1 and udevd in its unit's sandbox: the name of a group is a device unit, which comes and goes with the
# group, and vfio_id runs in the sandbox.
# kernels: group
# devices: groups
# init: systemd
# root: writable
# timeout: 900

. /project/test/integration/vm/guest/helper.sh
. /project/test/integration/vm/guest/groups.sh
first=0000:02:01.0 second=0000:02:02.0
unit=dev-vfio-groups-pci-$second.device

state() { systemctl show --property=ActiveState --value "$1"; }
is() { same "$(state "$1")" "$2"; }

check "install vfio_id" install_native
check "the device unit is inactive before bind" is $unit inactive
for round in 1 2; do
  check "round $round: bind the first function" bind $first
  check "round $round: udev has initialised the name of its sibling" udevadm wait --timeout=120 /dev/vfio/groups/pci/$second
  check "round $round: both functions have names" group_names $first $second
  check "round $round: the device unit becomes active" until_true 120 is $unit active
  check "round $round: unbind" unbind $first
  check "round $round: the name is removed" udevadm wait --timeout=120 --removed /dev/vfio/groups/pci/$second
  check "round $round: the device unit becomes inactive" until_true 120 is $unit inactive
done
