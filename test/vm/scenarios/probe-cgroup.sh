# A unit whose device cgroup does not allow the node: the kernel says EPERM, and that is explained.
# kernels: both
# devices: one
# init: systemd
. /project/test/vm/guest/probe.sh

address=0000:00:04.0
check "bind" bind $address
settle
node=/dev/vfio/devices/$(vfio_of $pci/$address)

# in_unit LINE...: probe in a unit with these lines, by root.
in_unit() {
  cat >/run/systemd/system/lab-probe.service <<UNIT
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
$(printf '%s\n' "$@")
ExecStart=/bin/bash -c 'node /project/dist/vfio-names.cjs probe $address >/tmp/out 2>&1; echo \$\$? >/tmp/status'
UNIT
  rm -f /tmp/status
  systemctl daemon-reload && systemctl start lab-probe.service && status=$(</tmp/status)
}
in_unit DevicePolicy=closed
check "root is not permitted, because of the device cgroup" \
  gave 4 "not permitted: the device cgroup of this container or unit does not allow $node" "DeviceAllow="
in_unit DevicePolicy=closed "DeviceAllow=$node rw"
check "with what is advised it opens" gave 0 "$address: openable: $node"
