# Kernels with only one of the two interfaces (cdev, group): doctor reports which one and what follows.
# kernels: cdev group
# devices: one

address=0000:00:04.0

# line STATE CHECK: the output has a line that starts with this state and this check.
line() {
  echo "$out"
  grep -qE "^$1 +$2 " <<<"$out"
}
run_program doctor
check "doctor exits with status 0 without a device" status 0
check "doctor reports cdev as ok" line ok cdev
check "doctor warns that no device is bound" line warning devices

check "bind" bind $address
settle
vfio=$(vfio_of $pci/$address)
group=$(basename "$(readlink $pci/$address/iommu_group)")
run_program doctor
case $KERNEL in
  cdev)
    check "the group has no node" absent "/dev/vfio/$group"
    check "doctor exits with status 0 with a bound device" status 0
    check "doctor reports that groups have no nodes" output_has "there are none of groups"
    check "doctor reports /dev/iommu" output_has "/dev/iommu exists, mode 0"
    ;;
  group)
    check "the device has no node" absent /dev/vfio/devices
    # The helper that names groups is not installed.
    check "doctor exits with status 1 without the name of the group" status 1
    check "doctor reports the name" line error names
    check "sync creates it" vfio_names sync
    run_program doctor
    check "doctor exits with status 0 with the name of the group" status 0
    check "doctor reports cdev as ok" line ok cdev
    check "doctor says that groups have names" output_has "names of groups"
    check "doctor prints the kernel option and the file it was read from" \
      output_has "CONFIG_IOMMUFD is off, says /proc/config.gz"
    check "doctor reports iommufd as ok without /dev/iommu" line ok iommufd

    # shellcheck disable=SC2217 # it only keeps the descriptor open
    sleep infinity <>"/dev/vfio/$group" &
    holder=$!
    check "holders prints the process that has the group open" \
      until_true 60 contains " $holder " vfio_names holders $address
    run_program holders --json $address
    check "holders --json reports the interface as group" output_has "\"interface\": \"group\""
    kill $holder
    wait $holder
    check "holders prints nothing after the process has ended" same "$(vfio_names holders $address 2>/dev/null)" ""
    ;;
esac
