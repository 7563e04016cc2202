# With systemd as PID 1, and udevd in the sandbox of its unit: the name is a device unit, and a
# service bound to it follows the device.
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
check "udevd runs as systemd's service" is systemd-udevd.service active
check "systemd would call the link by this unit" \
  same "$(systemd-escape --path --suffix=device $link)" "$unit"

cat >/run/systemd/system/user.service <<UNIT
[Unit]
Description=A service that lives as long as the device
DefaultDependencies=no
BindsTo=$unit
After=$unit
JobTimeoutSec=infinity
[Service]
ExecStart=/bin/sleep infinity
UNIT
systemctl daemon-reload
check "no device unit before the device is bound" is $unit inactive

for round in 1 2; do
  check "round $round: the service is asked for" systemctl start --no-block user.service
  check "round $round: it waits for the device" is user.service inactive
  check "round $round: bind" bind $address
  check "round $round: the name is initialised" udevadm wait --timeout=120 $link
  check "round $round: the name is true" true_pci $address
  check "round $round: show tells the unit" same "$(vfio_names show $address | sed -n 's/^unit *//p')" "$unit"
  check "round $round: the device unit comes" until_true 120 is $unit active
  check "round $round: the service follows" until_true 120 is user.service active

  check "round $round: unbind" unbind $address
  check "round $round: the name goes" udevadm wait --timeout=120 --removed $link
  check "round $round: the device unit goes" until_true 120 is $unit inactive
  check "round $round: the service is stopped" until_true 120 is user.service inactive
done
