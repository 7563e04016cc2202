# A device that does not respond: probe ends, reports the step that timed out, and continues with the next device.
# kernels: both
# devices: one
. /project/test/integration/vm/guest/probe.sh

address=0000:00:04.0
check "bind" bind $address
settle
node /project/test/integration/vm/guest/probe-silent.mjs >/tmp/silent 2>&1 &
check "create a device that never answers an open" until_true 60 grep -q : /tmp/silent
devnum=$(</tmp/silent)

# A tree with two devices: the one that does not respond, and the real one.
fake=/tmp/fake vfio=$(vfio_of $pci/$address)
for entry in "00:1e.0 vfio8 $devnum /dev/lab-silent" "00:1f.0 vfio9 $(<"$pci/$address/vfio-dev/$vfio/dev") x"; do
  read -r name sysname number _ <<<"$entry"
  device=$fake/sys/devices/x/0000:$name
  mkdir -p "$device/vfio-dev/$sysname" $fake/sys/class/vfio-dev $fake/sys/bus/pci $fake/dev/vfio/devices
  ln -s ../../../bus/pci "$device/subsystem"
  ln -s "../../devices/x/0000:$name/vfio-dev/$sysname" "$fake/sys/class/vfio-dev/$sysname"
  echo "$number" >"$device/vfio-dev/$sysname/dev"
  mknod "$fake/dev/vfio/devices/$sysname" c "${number%:*}" "${number#*:}"
done
timeout 120 node /project/dist/vfio-names.cjs probe --host-root $fake --timeout 2 vfio8 vfio9 >/tmp/out 2>&1
status=$?
note "$(</tmp/out)"
check "probe exits with status 1" same $status 1
check "probe reports the timeout and the step" grep -q 'cannot be opened: did not answer within 2 s at open node' /tmp/out
check "probe continues with the next device" grep -q '0000:00:1f.0: can be opened' /tmp/out
