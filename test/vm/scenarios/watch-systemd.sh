# The service's unit below systemd: it stands down beside udevd, and where none runs it becomes
# active, answers reload and stop, and needs no capability.
# kernels: both
# devices: one
# init: systemd
# rules: no
# timeout: 900

address=0000:00:04.0
soon=60
. /project/test/vm/guest/watch.sh

install_unit
check "systemd has no complaint of the unit" \
  same "$(systemd-analyze verify --man=no /run/systemd/system/$unit 2>&1 | grep -F $unit)" ""
check "beside udevd the start is no error" systemctl start $unit
check "and the unit stands down" has ConditionResult no
check "it does not run" has ActiveState inactive

check "udevd ends" end_udev

bind $address
check "without udevd it starts, and is ready when the start is over" systemctl start $unit
check "it is active" has ActiveState active
check "the name is there by then" true_pci $address
check "it tells how it is" has StatusText "1 device, 1 name"
main=$(show MainPID)
check "it has no capability" same "$(awk '/^Cap(Eff|Bnd|Prm)/ { print $2 }' /proc/$main/status | sort -u)" \
  0000000000000000
check "it sees no device but those of VFIO" \
  same "$(nsenter -t $main -m ls /dev | grep -cE '^(sd|vd|nvme|mem|kmsg|iommu)')" 0

unbind $address
check "in its sandbox it hears a device go" until_true $soon absent /dev/vfio/pci
bind $address
check "and come" until_true $soon true_pci $address
# systemd counts from READY; half of WatchdogSec later the first sign is due.
pinged() { (($(show WatchdogTimestampMonotonic) > $(show ActiveEnterTimestampMonotonic) + 5000000)); }
check "the sign of life comes" until_true $soon pinged

mkdir -p /run/vfio-names
printf '[names]\nby-tag = true\n' >/run/vfio-names/10.toml
check "reload" systemctl reload $unit
check "the new policy is there" until_true $soon true_name /dev/vfio/by-tag/pci-0000_00_04_0 $pci/$address
check "it is active after the reload" until_true $soon has ActiveState active

check "stop" systemctl stop $unit
check "it ended by itself, with status 0" has Result success
check "and nobody had to kill it" has ExecMainStatus 0
check "it was never started anew" has NRestarts 0
check "its names stay" true_pci $address
check "its exposure is at most 1.0 by systemd's own measure" \
  systemd-analyze security --offline=yes --threshold=10 /project/packaging/systemd/$unit
journalctl -b --no-pager -u $unit 2>/dev/null | tail -n 15 | sed 's/^/# /'
