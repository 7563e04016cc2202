# Devices that the kernel's command line gives to vfio-pci have their names before the root is mounted, and keep them.
# kernels: both
# devices: bridge
# initramfs: initramfs-tools
# words: vfio-pci.ids=8086:100e
# rules: families
# native: yes
# root: writable
# timeout: 900

. /project/test/vm/guest/helper.sh
a=0000:02:01.0 b=0000:02:02.0
# What test/vm/early/note wrote down: name, target, number behind the name, number in sysfs.
early() { cut -d ' ' -f "$1" /run/early.names; }

check "the image was left before the root was mounted" not grep -q ' 9p ' /run/early.mounts
check "before that each name led to its device" same "$(early 3)" "$(early 4)"
check "the names of the scheme were there" \
  same "$(early 1 | grep ^/dev/vfio/pci/ | sort)" "$(printf '/dev/vfio/pci/%s\n' $a $b)"
check "the names that only vfio_id knows were there" same "$(early 1 | grep ^/dev/vfio/by-path/ | sort)" \
  "$(printf '/dev/vfio/by-path/pci0000_00-06.0-00.0-%s\n' 01.0 02.0)"

check "behind it udevd has its rules and vfio_id" test -s /run/udev/rules.d/70-vfio-names.rules -a -x $helper
check "the names are the same" same "$(links)" "$(early 1,2 | sed 's,^/dev/vfio/,,' | sort)"
check "and true" true_pci $a $b

rm -r /dev/vfio/pci
udevadm trigger --subsystem-match=vfio-dev --action=change
settle
check "a name that is lost is made anew, now by this udevd" true_pci $a $b
for address in $a $b; do unbind $address; done
settle
check "the names go with the devices" same "$(links)" ""
