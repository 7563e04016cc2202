# A device that another process has: --bind refuses and tells who; where the holder is not seen, the
# kernel's EINVAL and EBUSY are explained.
# kernels: both cdev
# devices: one
. /project/test/vm/guest/probe.sh

address=0000:00:04.0
check "bind" bind $address
settle
node=/dev/vfio/devices/$(vfio_of $pci/$address)
group=$(group_of $address)

holder bind "$node"
check "a process takes it through the cdev" holds
before=$(resets)
run vfio_names probe $address
check "the harmless probe still opens it" gave 0
run vfio_names probe --json --bind --yes $address
check "--bind is refused before anything is done, and says who has it" \
  gave 1 "in use by pid $held (node) through the cdev" '"step": "holders"'
run elsewhere --json --bind --yes $address
check "from a container the kernel says EINVAL, and that is explained as in use" \
  gave 1 '"errno": "EINVAL"' '"step": "VFIO_DEVICE_BIND_IOMMUFD"' "in use, by a process that was not seen"
check "never as an invalid argument" not grep -qi invalid /tmp/out
check "nothing of that resets it" same "$(resets)" "$before"
if [[ $KERNEL == both ]]; then
  run elsewhere --json --group --yes $address
  check "through the group it is busy, and that is explained" gave 1 '"errno": "EBUSY"' "group $group is in use"
fi
let_go

holder open "$node"
check "a process only opens it" holds
run vfio_names probe --bind --yes $address
check "--bind is refused then, too" gave 1 "in use by pid $held (node) through the cdev"
run elsewhere --bind --yes $address
check "from a container it can be taken all the same" gave 0
let_go

if [[ $KERNEL == both ]]; then
  holder group "/dev/vfio/$group"
  check "a process opens the group" holds
  run vfio_names probe --bind --yes $address
  check "--bind says who has the group" gave 1 "in use by pid $held (node) through the group node"
  run elsewhere --json --bind --yes $address
  check "from a container the kernel says EBUSY, and that is explained" \
    gave 1 '"errno": "EBUSY"' "group $group is open, so the cdev is shut"
  run elsewhere --group --yes $address
  check "the group itself is busy" gave 1 "group $group is in use"
  let_go
  run vfio_names probe --group --yes $address
  check "when it has let go, the group can be taken" gave 0
fi
run vfio_names probe --bind --yes $address
check "when all have let go, --bind takes it" gave 0
