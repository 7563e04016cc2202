# doctor on a live system with udev: content when all is right, and when one thing is missing it
# names that thing and what to do.
# kernels: both
# devices: one

address=0000:00:04.0
rules=/run/udev/rules.d/70-vfio-names.rules

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
listening() { grep -q ' /run/udev/control$' /proc/net/unix; }

look doctor
check "without a device there is no fault" status 0
check "it tells how to bind one" told "driver_override"

check "bind" bind $address
settle
look doctor
check "all is right" status 0
check "it says so of udev, and whose rules made the name" told "made all one name by $rules"
check "the names are true" line ok names
check "both interfaces are known" told "and each group has one"

# Held through the legacy interface: the device's own node is blocked meanwhile.
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
check "a program takes the device through its group and closes the group" until_true 60 device_fd
look holders --json $address
check "holders finds it by the descriptor that the group gave" told "\"interface\": \"device-fd\""
check "with the right process" told "\"pid\": $legacy,"
look doctor
check "doctor warns that the device's own node is blocked" \
  told "$address is open through its group, by perl (pid $legacy)"
kill $legacy
wait $legacy

rm $rules
udevadm control --reload
look doctor
check "without our rules it finds a fault" status 1
check "it is udev's" line fault udev
check "it tells what to do" told "vfio-names rules install"
udevadm trigger --action=change --subsystem-match=vfio-dev
settle
look doctor
check "the name is gone, and it finds that, too" line fault names

cp /project/rules/70-vfio-names.rules $rules
udevadm control --reload
look doctor
check "rules that udev has not applied yet are a fault" told "has not made the name of $address"
udevadm trigger --subsystem-match=vfio-dev --action=change
settle
look doctor
check "what it told to do mends it" status 0

check "udev is told to end" udevadm control --exit
check "and ends" until_true 60 not listening
[[ -e /run/udev/control ]] || : >/run/udev/control
look doctor
check "the file of its socket alone is no udev" line warning udev
check "it says so" told "udev is not running"
