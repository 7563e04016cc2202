# A device that another process has open: probe --bind refuses and reports the process; if the process is not visible,
# probe explains the kernel's EINVAL or EBUSY.
# kernels: both cdev
# devices: one
. /project/test/integration/vm/guest/probe.sh

address=0000:00:04.0
check "bind" bind $address
settle
node=/dev/vfio/devices/$(vfio_of $pci/$address)
group=$(group_of $address)

holder bind "$node"
check "a process binds the device through the cdev" holder_ready
before=$(resets)
run vfio_names probe $address
check "probe without --bind opens the device" exited 0
run vfio_names probe --json --bind --yes $address
check "probe --bind stops before the first ioctl and reports the process" \
  exited 1 "in use by pid $held (node) through the cdev" '"step": "holders"'
run from_container --json --bind --yes $address
check "probe --bind in a container explains EINVAL as in use" \
  exited 1 '"errno": "EINVAL"' '"step": "VFIO_DEVICE_BIND_IOMMUFD"' "in use, by a process that was not seen"
check "probe --bind in a container does not mention an invalid argument" not grep -qi invalid /tmp/out
check "the device was not reset so far" same "$(resets)" "$before"
if [[ $KERNEL == both ]]; then
  run from_container --json --group --yes $address
  check "probe --group in a container explains EBUSY as in use" exited 1 '"errno": "EBUSY"' "group $group is in use"
fi
release

holder open "$node"
check "a process opens the device without binding it" holder_ready
run vfio_names probe --bind --yes $address
check "probe --bind reports the process that only opened the device" exited 1 "in use by pid $held (node) through the cdev"
run from_container --bind --yes $address
check "probe --bind in a container claims a device that is only open" exited 0
release

if [[ $KERNEL == both ]]; then
  holder group "/dev/vfio/$group"
  check "a process opens the group" holder_ready
  run vfio_names probe --bind --yes $address
  check "probe --bind reports the process that has the group open" exited 1 "in use by pid $held (node) through the group node"
  run from_container --json --bind --yes $address
  check "probe --bind in a container explains EBUSY by the open group" \
    exited 1 '"errno": "EBUSY"' "group $group is open, so the cdev is shut"
  run from_container --group --yes $address
  check "probe --group in a container reports that the group is in use" exited 1 "group $group is in use"
  release
  run vfio_names probe --group --yes $address
  check "probe --group claims the group after the process has ended" exited 0
fi
run vfio_names probe --bind --yes $address
check "probe --bind claims the device after all processes have ended" exited 0
