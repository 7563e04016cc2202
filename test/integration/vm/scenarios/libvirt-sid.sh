# libvirt of Debian sid starts a domain with a device by iommufd: QEMU has the node open that our names and `resolve` lead to.
# kernels: both
# devices: three
# clients: sid
# timeout: 2400

address=0000:00:05.0
. /project/test/integration/vm/guest/clients.sh
link=/dev/vfio/pci/$address
by_virsh() { in_sid virsh --connect qemu:///system --keepalive-interval 0 --quiet "$@"; }
identity="PCI device $(sed s/0x// $pci/$address/vendor):$(sed s/0x// $pci/$address/device)"
# number_of PATH: the device number of a node.
number_of() { stat -L -c '%Hr:%Lr' "$1"; }
# vfio_nodes_of PID: the numbers of the VFIO devices that the process has open.
vfio_nodes_of() {
  local fd number
  for fd in /proc/"$1"/fd/*; do
    number=$(number_of "$fd" 2>/dev/null) && [[ $(readlink "/sys/dev/char/$number/subsystem") == */vfio-dev ]] && echo "$number"
  done | sort -u
}

# Without libvirt's other daemons and without control groups and a /dev of QEMU's own, none of which matters here.
cat >$sid/etc/libvirt/qemu.conf <<'CONF'
stdio_handler = "file"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
CONF
# On the root bus, since QEMU's monitor lists what is behind a port only after the firmware has run.
cat >$sid/tmp/domain.xml <<'XML'
<domain type='qemu'>
  <name>lab</name>
  <memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <hostdev mode='subsystem' type='pci' managed='no'>
      <driver iommufd='yes'/>
      <source><address domain='0x0000' bus='0x00' slot='0x05' function='0x0'/></source>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x0'/>
    </hostdev>
  </devices>
</domain>
XML

# The numbers in the nodes' names are not in the order of the addresses.
check "bind" eval "bind 0000:00:06.0 && bind $address && bind 0000:00:04.0"
settle
note "$(in_sid libvirtd --version), $(in_sid qemu-system-x86_64 --version | head -n 1)"
in_sid libvirtd >/tmp/libvirtd.log 2>&1 &
check "libvirtd starts" until_true 300 test -S /run/libvirt/libvirt-sock
check "libvirt starts the domain" by_virsh create --paused /tmp/domain.xml || cat /tmp/libvirtd.log
pid=$(cat /run/libvirt/qemu/lab.pid)
note "the nodes of VFIO devices that QEMU has open: $(vfio_nodes_of "$pid")"
check "QEMU has one VFIO device open, the one of our link" same "$(vfio_nodes_of "$pid")" "$(number_of $link)"
check "resolve prints the same node" same "$(number_of "$(vfio_names resolve $address)")" "$(vfio_nodes_of "$pid")"
check "holders reports QEMU" contains "\"pid\":$pid" eval "vfio_names holders --json $address | tr -d ' \n'"
check "QEMU lists the device" contains "$identity" by_virsh qemu-monitor-command lab --hmp "info pci"
check "libvirt ends the domain" by_virsh destroy lab
no_holder() { same "$(vfio_names holders $address)" ""; }
check "holders prints nothing then" until_true 60 no_holder
