# Taking our rules away and triggering `change` takes our names away, and nothing else.
# kernels: both cdev
# devices: three

a=0000:00:04.0 b=0000:00:05.0

check "bind two functions" eval "bind $a && bind $b"
settle
check "both names are true" true_pci $a $b

echo mine >/dev/vfio/pci/file
ln -s ../devices/vfio0 /dev/vfio/pci/own-link
nodes=$(ls -l --time-style=+ /dev/vfio/devices)
others=$(find /dev -type l ! -path '/dev/vfio/*' -printf '%p -> %l\n' | sort)

rm /run/udev/rules.d/70-vfio-names.rules
udevadm control --reload
udevadm trigger --action=change
settle

check "our names are gone, what others made is not" only /dev/vfio/pci file own-link
check "the foreign file is as it was" same "$(cat /dev/vfio/pci/file)" mine
check "the foreign link is as it was" same "$(readlink /dev/vfio/pci/own-link)" ../devices/vfio0
check "the nodes are as they were" same "$(ls -l --time-style=+ /dev/vfio/devices)" "$nodes"
check "links elsewhere in /dev are as they were" \
  same "$(find /dev -type l ! -path '/dev/vfio/*' -printf '%p -> %l\n' | sort)" "$others"

cp /project/rules/70-vfio-names.rules /run/udev/rules.d/
udevadm control --reload
udevadm trigger --action=change --subsystem-match=vfio-dev
settle
check "with the rules back the names are back" true_pci $a $b
