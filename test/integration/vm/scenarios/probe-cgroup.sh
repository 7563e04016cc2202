# A unit whose device cgroup does not allow the node: the kernel returns EPERM, and probe explains it.
# kernels: both
# devices: one
# init: systemd
. /project/test/integration/vm/guest/probe.sh

address=0000:00:04.0
check "bind" bind $address
settle
node=/dev/vfio/devices/$(vfio_of $pci/$address)

# in_unit LINE...: runs probe as root in a unit with these lines.
in_unit() {
  cat >/run/systemd/system/lab-probe.service <<UNIT
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
$(printf '%s\n' "$@")
ExecStart=/bin/bash -c '$vfio_names_command probe $address >/tmp/out 2>&1; echo \$\$? >/tmp/status'
UNIT
  rm -f /tmp/status
  systemctl daemon-reload && systemctl start lab-probe.service && status=$(</tmp/status)
}
in_unit DevicePolicy=closed
check "probe reports that the device cgroup denies access to root" \
  exited 4 "not permitted: the device cgroup of this container or unit does not allow $node" "DeviceAllow="
in_unit DevicePolicy=closed "DeviceAllow=$node rw"
check "probe opens the device in a unit with the suggested DeviceAllow=" exited 0 "$address: can be opened: $node"
