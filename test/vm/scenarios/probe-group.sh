# The legacy path, and a group whose siblings are in the way: on a host driver, or with another
# program.
# kernels: both cdev group
# devices: twins
. /project/test/vm/guest/probe.sh

first=0000:00:04.0 second=0000:00:04.1
check "both functions are in one group" same "$(group_of $first)" "$(group_of $second)"
group=$(group_of $first)
check "the sibling is on its host driver" test -e $pci/$second/driver
check "bind the first" bind $first
settle
run vfio_names probe --group --yes $first
if [[ $KERNEL == cdev ]]; then
  check "this kernel has no groups to open, and it says so" gave 5 "there is no /dev/vfio/$group"
else
  check "the group is not viable, because of the sibling" \
    gave 1 "group $group is not viable: sibling $second is on nvme"
fi
if [[ $KERNEL == group ]]; then
  run vfio_names probe $first
  check "without --group this kernel can not, and it says what to do" gave 5 "--group"
  run vfio_names probe --bind --yes $first
  check "--bind can not either" gave 5
else
  run vfio_names probe $first
  check "a harmless probe opens it all the same" gave 0
  run vfio_names probe --bind --yes $first
  check "--bind names the sibling" gave 1 "group $group is not viable: sibling $second is on nvme"
fi

check "bind the second" bind $second
settle
if [[ $KERNEL != cdev ]]; then
  before=$(resets)
  run vfio_names probe --group $first
  check "without --yes and without a terminal --group is refused" gave 2
  check "and resets nothing" same "$(resets)" "$before"
  run vfio_names probe --group --yes $first $second
  check "both can be taken, one after the other: 9 regions and 5 irqs, as every PCI function has" \
    gave 0 "$first: openable: group $group" "$second: openable: group $group" "9 regions, 5 irqs"
  check "that has reset them" not same "$(resets)" "$before"
fi
if [[ $KERNEL != group ]]; then
  holder bind "/dev/vfio/devices/$(vfio_of $pci/$second)"
  check "another program takes the sibling" holds
  run vfio_names probe --bind --yes $first
  check "--bind names it, and who has it" \
    gave 1 "sibling $second of its group $group belongs to pid $held (node)"
  let_go
  run vfio_names probe --bind --yes $first
  check "then it can be taken" gave 0
fi
