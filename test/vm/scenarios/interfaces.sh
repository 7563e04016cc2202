# Kernels that have only one of the two interfaces: doctor says which, and what that means.
# kernels: cdev group
# devices: one

address=0000:00:04.0

# look ARGUMENT...: runs the program once; `status`, `told` and `line` judge this one run.
look() {
  got=0
  out=$(vfio_names "$@" 2>&1) || got=$?
}
status() { same "$got" "$1" || { echo "$out" && return 1; }; }
told() {
  echo "$out"
  [[ $out == *"$1"* ]]
}
# line STATE CHECK: doctor's line about this check begins so.
line() {
  echo "$out"
  grep -qE "^$1 +$2 " <<<"$out"
}
look doctor
check "without a device doctor finds no fault" status 0
case $KERNEL in
  cdev) check "it knows the nodes of devices" line ok cdev ;;
  group) check "it warns that devices get no nodes" line warning cdev ;;
esac
check "it says that nothing is bound" line warning devices

check "bind" bind $address
settle
vfio=$(vfio_of $pci/$address)
group=$(basename "$(readlink $pci/$address/iommu_group)")
look doctor
case $KERNEL in
  cdev)
    check "there is no node of the group" absent "/dev/vfio/$group"
    check "doctor finds no fault" status 0
    check "it says that groups have no nodes" told "there are none of groups"
    check "it finds /dev/iommu" told "/dev/iommu is there, mode 0"
    ;;
  group)
    check "there is no node of the device" absent /dev/vfio/devices
    check "doctor finds a fault" status 1
    check "it is that devices have no nodes" line fault cdev
    check "it names the option and the file that tells" \
      told "CONFIG_IOMMUFD is off, says /proc/config.gz"
    check "/dev/iommu is not missed" line ok iommufd

    # shellcheck disable=SC2217 # it only holds the descriptor
    sleep infinity <>"/dev/vfio/$group" &
    holder=$!
    check "who opens the group holds the device" \
      until_true 60 contains " $holder " vfio_names holders $address
    look holders --json $address
    check "through the group" told "\"interface\": \"group\""
    kill $holder
    wait $holder
    check "afterwards nobody does" same "$(vfio_names holders $address 2>/dev/null)" ""
    ;;
esac
