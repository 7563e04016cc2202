# A virtual machine as a service that lives as long as its device: it waits for the device, and gives it back at once.
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
JobTimeoutSec=infinity
[Service]
LimitMEMLOCK=128M
TimeoutStartSec=infinity
ExecStart=/usr/bin/node /project/dist/vfio-names.cjs exec --iommu --user nobody $address -- \
  /usr/bin/qemu-system-x86_64 -M q35,accel=tcg -nodefaults -display none -m 64 -S \
  -object iommufd,id=iommufd0,fd={iommufd} -device vfio-pci,fd={fd},iommufd=iommufd0
UNIT
systemctl daemon-reload

check "the service is asked for" systemctl start --no-block machine.service
check "it waits for the device" is inactive
check "bind" bind $address
check "nobody's QEMU has the device" until_true 400 held_by nobody
check "the service runs" is active
# The unbinding waits for the last descriptor; the name goes first, and the service with it.
check "the device is taken away while it is in use" \
  timeout 400 bash -c "echo $address >$pci/$address/driver/unbind"
check "the service is stopped" until_true 120 is inactive
check "QEMU is gone" not pgrep -u nobody
