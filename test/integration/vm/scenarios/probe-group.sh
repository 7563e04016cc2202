# The legacy group interface, and a group that cannot be used because of a sibling that is bound to a host driver or open
# in another process.
# kernels: both cdev group
# devices: twins
. /project/test/integration/vm/guest/probe.sh

first=0000:00:04.0 second=0000:00:04.1
check "both functions are in one group" same "$(group_of $first)" "$(group_of $second)"
group=$(group_of $first)
check "the sibling is bound to its host driver" test -e $pci/$second/driver
check "bind the first" bind $first
settle
run vfio_names probe --group --yes $first
if [[ $KERNEL == cdev ]]; then
  check "probe --group reports that the kernel has no group nodes" exited 5 "there is no /dev/vfio/$group"
else
  check "probe --group reports that the group is not viable because of the sibling" \
    exited 1 "group $group is not viable: sibling $second is on nvme"
fi
if [[ $KERNEL == group ]]; then
  run vfio_names probe $first
  check "probe exits with status 5 on a kernel without cdev and suggests --group" exited 5 "--group"
  run vfio_names probe --bind --yes $first
  check "probe --bind exits with status 5 on a kernel without cdev" exited 5
else
  run vfio_names probe $first
  check "probe opens the device although the group is not viable" exited 0
  run vfio_names probe --bind --yes $first
  check "probe --bind reports the sibling" exited 1 "group $group is not viable: sibling $second is on nvme"
fi

check "bind the second" bind $second
settle
if [[ $KERNEL != cdev ]]; then
  before=$(resets)
  run vfio_names probe --group $first
  check "probe --group exits with status 2 without --yes and without a terminal" exited 2
  check "the refused probe --group reset nothing" same "$(resets)" "$before"
  run vfio_names probe --group --yes $first $second
  check "probe --group claims both functions in turn and reports 9 regions and 5 irqs for each" \
    exited 0 "$first: can be opened: group $group" "$second: can be opened: group $group" "9 regions, 5 irqs"
  check "probe --group reset the functions" not same "$(resets)" "$before"
fi
if [[ $KERNEL != group ]]; then
  holder bind "/dev/vfio/devices/$(vfio_of $pci/$second)"
  check "another process binds the sibling" holder_ready
  run vfio_names probe --bind --yes $first
  check "probe --bind reports the sibling and the PID that has it" \
    exited 1 "sibling $second of its group $group belongs to pid $held (node)"
  release
  run vfio_names probe --bind --yes $first
  check "probe --bind claims the device after that process has ended" exited 0
fi
