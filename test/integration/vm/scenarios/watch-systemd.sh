# The service's unit with systemd: it does not start if udevd runs; otherwise it becomes active, handles reload and stop,
# and needs no capability.
# kernels: both
# devices: one
# init: systemd
# rules: no
# timeout: 900

address=0000:00:04.0
soon=60
. /project/test/integration/vm/guest/watch.sh

install_unit
check "systemd-analyze verify reports nothing about the unit" \
  same "$(systemd-analyze verify --man=no /run/systemd/system/$unit 2>&1 | grep -F $unit)" ""
check "systemctl start succeeds while udevd runs" systemctl start $unit
check "the unit's condition fails while udevd runs" has ConditionResult no
check "the unit is inactive while udevd runs" has ActiveState inactive

check "udevd ends" end_udev

bind $address
check "systemctl start succeeds without udevd" systemctl start $unit
check "the unit is active" has ActiveState active
check "the link is correct when systemctl start returns" pci_links_correct $address
check "the unit's status text has the counts" has StatusText "1 device, 1 name"
main=$(show MainPID)
check "the service has no capability" same "$(awk '/^Cap(Eff|Bnd|Prm)/ { print $2 }' /proc/$main/status | sort -u)" \
  0000000000000000
check "the service's /dev has no other devices" \
  same "$(nsenter -t $main -m ls /dev | grep -cE '^(sd|vd|nvme|mem|kmsg|iommu)')" 0

unbind $address
check "the service removes the link of an unbound device" until_true $soon absent /dev/vfio/pci
bind $address
check "the service creates the link of a bound device" until_true $soon pci_links_correct $address
# systemd counts from READY; the first watchdog notification is due after half of WatchdogSec.
pinged() { (($(show WatchdogTimestampMonotonic) > $(show ActiveEnterTimestampMonotonic) + 5000000)); }
check "the service notifies the watchdog" until_true $soon pinged

mkdir -p /run/vfio-names
printf '[names]\nby-tag = true\n' >/run/vfio-names/10.toml
check "reload" systemctl reload $unit
check "the service applies the new policy after the reload" until_true $soon link_correct /dev/vfio/by-tag/pci-0000_00_04_0 $pci/$address
check "the unit is active after the reload" until_true $soon has ActiveState active

check "stop" systemctl stop $unit
check "the unit's result is success" has Result success
check "the service exited with status 0" has ExecMainStatus 0
check "the service was not restarted" has NRestarts 0
check "the link remains after the stop" pci_links_correct $address
check "systemd-analyze security rates the exposure at 1.0 or less" \
  systemd-analyze security --offline=yes --threshold=10 /project/packaging/systemd/$unit
journalctl -b --no-pager -u $unit 2>/dev/null | tail -n 15 | sed 's/^/# /'
