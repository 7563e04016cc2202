# On a system without our rules, sync creates, keeps, corrects and removes the links.
# kernels: both cdev
# devices: three
# rules: no
# timeout: 900

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0

# links: path, inode and change time of each link; a correct link must not be replaced.
links() { stat -c '%n %i %Z' /dev/vfio/pci/*; }

check "sync exits with status 0 without a device" exits 0 vfio_names sync
check "sync creates no directory without a device" absent /dev/vfio/pci

for address in $a $b $c; do bind $address; done
settle
check "there is no link before sync" absent /dev/vfio/pci
check "verify exits with status 1 for missing links" exits 1 vfio_names verify
check "plan lists a missing link" contains $b vfio_names plan
check "plan changes nothing" absent /dev/vfio/pci

check "sync creates the links" exits 0 vfio_names sync
check "all three links are correct after sync" pci_links_correct $a $b $c
check "there is no other link" only /dev/vfio/pci $a $b $c
check "verify finds nothing after sync" exits 0 vfio_names verify
check "resolve prints the node" \
  same "$(vfio_names resolve $b)" "/dev/vfio/devices/$(vfio_of $pci/$b)"
check "list shows the device" contains $c vfio_names list

before=$(links)
check "sync a second time" exits 0 vfio_names sync
check "the second sync replaces no link" same "$(links)" "$before"

ln -sfn ../devices/vfio999 /dev/vfio/pci/$a
check "verify exits with status 1 for a dangling link" exits 1 vfio_names verify
ln -sfn "../devices/$(vfio_of $pci/$b)" /dev/vfio/pci/$a
check "verify exits with status 1 for a link to another device" exits 1 vfio_names verify
check "verify reports the link to another device" contains $a vfio_names verify
check "sync corrects the link to another device" exits 0 vfio_names sync
check "all three links are correct after the correction" pci_links_correct $a $b $c
check "verify finds nothing after the correction" exits 0 vfio_names verify

# As in a container that has only some of the nodes.
node=/dev/vfio/devices/$(vfio_of $pci/$b)
mv "$node" /dev/kept
check "verify reports a link whose node does not exist" contains "link-dangling: /dev/vfio/pci/$b" vfio_names verify
check "sync reports the device without a node" contains "$b is left out" vfio_names sync
check "sync removes the link of the device without a node" only /dev/vfio/pci $a $c
check "sync keeps the other links" pci_links_correct $a $c
mv /dev/kept "$node"
check "sync exits with status 0 after the node is restored" exits 0 vfio_names sync
check "all three links are correct after the node is restored" pci_links_correct $a $b $c

# Exchange the numbers of two devices.
unbind $a
unbind $b
bind $b
bind $a
settle
check "verify exits with status 1 after two devices exchanged numbers" exits 1 vfio_names verify
check "resolve does not follow the outdated link" \
  same "$(vfio_names resolve $a)" "/dev/vfio/devices/$(vfio_of $pci/$a)"
check "sync corrects the links after the exchange" exits 0 vfio_names sync
check "all three links are correct after the exchange" pci_links_correct $a $b $c

unbind $c
settle
check "verify exits with status 1 for a link whose device is gone" exits 1 vfio_names verify
check "resolve exits with status 3 for a device that is gone" exits 3 vfio_names resolve $c
check "sync removes the link of a device that is gone" exits 0 vfio_names sync
check "only the other two links remain" only /dev/vfio/pci $a $b
check "the other two links are still correct" pci_links_correct $a $b

unbind $a
unbind $b
settle
check "sync after all devices are unbound" exits 0 vfio_names sync
check "sync removes the directory with the last link" absent /dev/vfio/pci
