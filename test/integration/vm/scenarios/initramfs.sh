# Devices that the kernel's command line assigns to vfio-pci have links before the root is mounted, and keep them.
# kernels: both
# devices: bridge
# initramfs: initramfs-tools
# kernel-command-line: vfio-pci.ids=8086:100e
# rules: families
# root: writable
# timeout: 900

. /project/test/integration/vm/guest/helper.sh
a=0000:02:01.0 b=0000:02:02.0
# early FIELD: a column of what test/integration/vm/early/note wrote: link, target, device number of the node, number in sysfs.
early() { cut -d ' ' -f "$1" /run/early.names; }

check "the links were recorded before the root was mounted" not grep -q ' 9p ' /run/early.mounts
check "in the image each link pointed to its device" same "$(early 3)" "$(early 4)"
check "in the image the default links existed" \
  same "$(early 1 | grep ^/dev/vfio/pci/ | sort)" "$(printf '/dev/vfio/pci/%s\n' $a $b)"
check "in the image the by-path links made by vfio_id existed" same "$(early 1 | grep ^/dev/vfio/by-path/ | sort)" \
  "$(printf '/dev/vfio/by-path/pci0000_00-06.0-00.0-%s\n' 01.0 02.0)"

check "the system's udevd has the rules and vfio_id" test -s /run/udev/rules.d/70-vfio-names.rules -a -x $helper
check "the system's links are those of the image" same "$(links)" "$(early 1,2 | sed 's,^/dev/vfio/,,' | sort)"
check "the system's links are correct" pci_links_correct $a $b

rm -r /dev/vfio/pci
udevadm trigger --subsystem-match=vfio-dev --action=change
settle
check "the system's udevd creates removed links again on a change event" pci_links_correct $a $b
for address in $a $b; do unbind $address; done
settle
check "the links are removed with the devices" same "$(links)" ""
