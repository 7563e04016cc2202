# With systemd as PID 1 and udevd in its unit's sandbox: the link is a device unit, and a service bound to this unit
# starts and stops with the device.
# kernels: both cdev
# devices: one
# init: systemd
# timeout: 900

address=0000:00:04.0
link=/dev/vfio/pci/$address
unit=dev-vfio-pci-$address.device

state() { systemctl show --property=ActiveState --value "$1"; }
is() { same "$(state "$1")" "$2"; }

check "PID 1 is systemd" same "$(</proc/1/comm)" systemd
check "systemd-udevd.service is active" is systemd-udevd.service active
check "systemd-escape prints the unit name of the link" \
  same "$(systemd-escape --path --suffix=device $link)" "$unit"

cat >/run/systemd/system/user.service <<UNIT
[Unit]
Description=A service that lives as long as the device
DefaultDependencies=no
BindsTo=$unit
After=$unit
[Service]
ExecStart=/bin/sleep infinity
UNIT
check "systemd waits 90 s for a device" same "$(systemctl show --property=JobRunningTimeoutUSec --value "$unit")" "1min 30s"
mkdir -p "/run/systemd/system/$unit.d"
printf '[Unit]\nJobRunningTimeoutSec=infinity\n' >"/run/systemd/system/$unit.d/override.conf"
systemctl daemon-reload
check "with a drop-in it waits longer" same "$(systemctl show --property=JobRunningTimeoutUSec --value "$unit")" infinity
check "the device unit is inactive before bind" is $unit inactive

for round in 1 2; do
  check "round $round: start the service" systemctl start --no-block user.service
  check "round $round: the service waits for the device" is user.service inactive
  check "round $round: bind" bind $address
  check "round $round: udev has initialised the link" udevadm wait --timeout=120 $link
  check "round $round: the link is correct" pci_links_correct $address
  check "round $round: show prints the unit name" same "$(vfio_names show $address | sed -n 's/^ *Systemd unit *//p')" "$unit"
  check "round $round: the device unit becomes active" until_true 120 is $unit active
  check "round $round: the service becomes active" until_true 120 is user.service active

  check "round $round: unbind" unbind $address
  check "round $round: the link is removed" udevadm wait --timeout=120 --removed $link
  check "round $round: the device unit becomes inactive" until_true 120 is $unit inactive
  check "round $round: the service is stopped" until_true 120 is user.service inactive
done
