# A virtual machine as a service bound to its device: it waits for the device and stops when the device is unbound.
# kernels: both
# devices: one
# init: systemd
# timeout: 1500

address=0000:00:04.0
unit=dev-vfio-pci-$address.device

state() { systemctl show --property=ActiveState --value machine.service; }
is() { same "$(state)" "$1"; }
held_by() { same "$(vfio_names holders --json $address | tr -d '" \n' | grep -oE 'user:[a-z]+' | sort -u)" "user:$1"; }

cat >/run/systemd/system/machine.service <<UNIT
[Unit]
Description=A virtual machine with a device
DefaultDependencies=no
BindsTo=$unit
After=$unit
[Service]
LimitMEMLOCK=128M
TimeoutStartSec=infinity
ExecStart=$vfio_names_command exec --iommu --user nobody $address -- \
  /usr/bin/qemu-system-x86_64 -M q35,accel=tcg -nodefaults -display none -m 64 -S \
  -object iommufd,id=iommufd0,fd={iommufd} -device vfio-pci,id=device0,fd={fd},iommufd=iommufd0
UNIT
check "systemd waits 90 s for a device" same "$(systemctl show --property=JobRunningTimeoutUSec --value "$unit")" "1min 30s"
mkdir -p "/run/systemd/system/$unit.d"
printf '[Unit]\nJobRunningTimeoutSec=infinity\n' >"/run/systemd/system/$unit.d/override.conf"
systemctl daemon-reload
check "with a drop-in it waits longer" same "$(systemctl show --property=JobRunningTimeoutUSec --value "$unit")" infinity

check "start the service" systemctl start --no-block machine.service
check "the service waits for the device" is inactive
check "bind" bind $address
check "QEMU has the device open as user nobody" until_true 400 held_by nobody
check "the service is active" is active
# The unbind waits until the last descriptor is closed; udev removes the link first, which stops the service.
check "unbind returns while the device is in use" \
  timeout 400 bash -c "echo $address >$pci/$address/driver/unbind"
check "the service is stopped" until_true 120 is inactive
check "QEMU has ended" not pgrep -u nobody
