# Removing our rules and triggering `change` removes our links and nothing else.
# kernels: both cdev
# devices: three

a=0000:00:04.0 b=0000:00:05.0

check "bind two functions" eval "bind $a && bind $b"
settle
check "both links are correct" pci_links_correct $a $b

echo mine >/dev/vfio/pci/file
ln -s ../devices/vfio0 /dev/vfio/pci/own-link
nodes=$(ls -l --time-style=+ /dev/vfio/devices)
others=$(find /dev -type l ! -path '/dev/vfio/*' -printf '%p -> %l\n' | sort)

rm /run/udev/rules.d/70-vfio-names.rules
reload_rules
udevadm trigger --action=change
settle

check "udev removes our links and keeps other files" only /dev/vfio/pci file own-link
check "the foreign file is unchanged" same "$(cat /dev/vfio/pci/file)" mine
check "the foreign link is unchanged" same "$(readlink /dev/vfio/pci/own-link)" ../devices/vfio0
check "the nodes are unchanged" same "$(ls -l --time-style=+ /dev/vfio/devices)" "$nodes"
check "links elsewhere in /dev are unchanged" \
  same "$(find /dev -type l ! -path '/dev/vfio/*' -printf '%p -> %l\n' | sort)" "$others"

cp /project/rules/70-vfio-names.rules /run/udev/rules.d/
reload_rules
udevadm trigger --action=change --subsystem-match=vfio-dev
settle
check "udev creates the links again after the rules are restored" pci_links_correct $a $b
