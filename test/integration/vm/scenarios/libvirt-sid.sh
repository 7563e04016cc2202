# libvirt of Debian sid starts a domain with a device by iommufd: QEMU has the node open that our link and `resolve` lead to.
# Without iommufd it has the node of the group open.
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

# Without libvirt's other daemons, without control groups and without a /dev of QEMU's own.
cat >$sid/etc/libvirt/qemu.conf <<'CONF'
stdio_handler = "file"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
CONF
# domain OF-DOMAIN OF-DEVICE: prints a domain with these elements. The device is on the root bus, since QEMU's monitor lists
# what is behind a port only after the firmware has run.
domain() {
  cat <<XML
<domain type='qemu'>
  <name>lab</name>
  <memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  $1
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <hostdev mode='subsystem' type='pci' managed='no'>
      $2
      <source><address domain='0x0000' bus='0x00' slot='0x05' function='0x0'/></source>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x0'/>
    </hostdev>
  </devices>
</domain>
XML
}

# holders_of INTERFACE: the processes that `holders` reports for it.
holders_of() { vfio_names holders $address | awk -v interface="$1" '$4 == interface { print $2 }' | sort -u; }
no_holder() { same "$(vfio_names holders $address)" ""; }
# runs TITLE INTERFACE OF-DOMAIN OF-DEVICE: runs this domain once; QEMU must have the device open by this interface only.
runs() {
  local pid number='' opened='no node of a device'
  [[ $2 == group ]] || number=$(number_of $link) opened='only the node of our link'
  domain "$3" "$4" >$sid/tmp/domain.xml
  check "$1: libvirt starts the domain" by_virsh create --paused /tmp/domain.xml
  pid=$(cat /run/libvirt/qemu/lab.pid)
  note "the nodes of VFIO devices that QEMU has open: $(vfio_nodes_of "$pid")"
  check "$1: QEMU has opened $opened" same "$(vfio_nodes_of "$pid")" "$number"
  check "$1: holders reports QEMU" same "$pid" "$(holders_of $2)"
  check "$1: QEMU lists the device" contains "$identity" by_virsh qemu-monitor-command lab --hmp "info pci"
  check "$1: libvirt ends the domain" by_virsh destroy lab
  check "$1: holders prints nothing then" until_true 60 no_holder
}

# The numbers in the nodes' names are not in the order of the addresses.
check "bind" eval "bind 0000:00:06.0 && bind $address && bind 0000:00:04.0"
settle
note "$(in_sid libvirtd --version), $(in_sid qemu-system-x86_64 --version | head -n 1)"
in_sid libvirtd >/tmp/libvirtd.log 2>&1 &
check "libvirtd starts" until_true 300 test -S /run/libvirt/libvirt-sock
check "the link and resolve lead to the same node" same "$(number_of $link)" "$(number_of "$(vfio_names resolve $address)")"
runs "iommufd of the device" device "" "<driver iommufd='yes'/>"
runs "iommufd of the domain" device "<iommufd enabled='yes'/>" ""
runs "without iommufd" group "" ""
