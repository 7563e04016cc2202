# doctor on a running system with udev: it reports no problem when everything works, and otherwise the missing part and
# what to do.
# kernels: both
# devices: one

address=0000:00:04.0
rules=/run/udev/rules.d/70-vfio-names.rules

# line STATE CHECK: the output has a line that starts with this state and this check.
line() {
  echo "$out"
  grep -qE "^$1 +$2 " <<<"$out"
}
listening() { grep -q ' /run/udev/control$' /proc/net/unix; }

run_program doctor
check "doctor exits with status 0 without a device" status 0
check "doctor explains how to bind a device" output_has "driver_override"

check "bind" bind $address
settle
run_program doctor
check "doctor exits with status 0 with a bound device" status 0
check "doctor reports which rules file made udev create the link" output_has "created the one name with $rules"
check "doctor reports the links as ok" line ok names
check "doctor reports both the cdev and the group interface" output_has "and each group has one"

# A process that has the device open through the legacy group interface blocks the device's own node.
group=$(basename "$(readlink $pci/$address/iommu_group)")
perl -e '
  open(my $container, "+<", "/dev/vfio/vfio") or die $!;
  open(my $group, "+<", "/dev/vfio/$ARGV[0]") or die $!;
  my $fd = pack("i", fileno($container));
  ioctl($group, 0x3b68, $fd) // die "VFIO_GROUP_SET_CONTAINER: $!";
  ioctl($container, 0x3b66, 3) // die "VFIO_SET_IOMMU: $!";
  my $name = "$ARGV[1]\0";
  ioctl($group, 0x3b6a, $name) // die "VFIO_GROUP_GET_DEVICE_FD: $!";
  close($group);
  sleep;
' "$group" $address &
legacy=$!
device_fd() {
  local fd
  for fd in /proc/$legacy/fd/*; do
    [[ $(readlink "$fd") != 'anon_inode:[vfio-device]' ]] || return 0
  done
  return 1
}
check "a process opens the device through its group and closes the group" until_true 60 device_fd
run_program holders --json $address
check "holders reports the device descriptor obtained from the group" output_has "\"interface\": \"device-fd\""
check "holders reports the PID of that process" output_has "\"pid\": $legacy,"
run_program doctor
check "doctor warns that the device is open through its group" \
  output_has "$address is open through its group, by perl (pid $legacy)"
kill $legacy
wait $legacy

rm $rules
reload_rules
run_program doctor
check "doctor exits with status 1 without our rules" status 1
check "doctor reports the check udev as failed" line error udev
check "doctor suggests rules install" output_has "vfio-names rules install"
udevadm trigger --action=change --subsystem-match=vfio-dev
settle
run_program doctor
check "doctor reports the check names as failed after the link is removed" line error names

cp /project/rules/70-vfio-names.rules $rules
reload_rules
run_program doctor
check "doctor reports rules that udev has not applied yet" output_has "has not made the name of $address"
udevadm trigger --subsystem-match=vfio-dev --action=change
settle
run_program doctor
check "doctor exits with status 0 after the suggested trigger" status 0

check "udevadm control --exit" udevadm control --exit
check "udevd closes its control socket" until_true 60 not listening
[[ -e /run/udev/control ]] || : >/run/udev/control
run_program doctor
check "doctor warns about udev if only the file of its socket exists" line warning udev
check "doctor reports that udev is not running" output_has "udev is not running"
