# On a system without our rules the program makes, keeps, checks and removes the names.
# kernels: both cdev
# devices: three
# rules: no
# timeout: 900

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0

# How each link is, down to its inode: nothing may be made anew without need.
links() { stat -c '%n %i %Z' /dev/vfio/pci/*; }

check "with nothing bound there is nothing to do" exits 0 vfio_names sync
check "and no directory is made" absent /dev/vfio/pci

for address in $a $b $c; do bind $address; done
settle
check "without rules nobody makes the names" absent /dev/vfio/pci
check "verify finds that they are missing" exits 1 vfio_names verify
check "the plan names what is missing" contains $b vfio_names plan
check "the plan changes nothing" absent /dev/vfio/pci

check "sync" exits 0 vfio_names sync
check "all three names are true" true_pci $a $b $c
check "nothing else is there" only /dev/vfio/pci $a $b $c
check "verify is content" exits 0 vfio_names verify
check "resolve gives the node" \
  same "$(vfio_names resolve $b)" "/dev/vfio/devices/$(vfio_of $pci/$b)"
check "list shows the name" contains $c vfio_names list

before=$(links)
check "sync again" exits 0 vfio_names sync
check "nothing was touched the second time" same "$(links)" "$before"

ln -sfn ../devices/vfio999 /dev/vfio/pci/$a
check "verify finds a link that leads nowhere" exits 1 vfio_names verify
ln -sfn "../devices/$(vfio_of $pci/$b)" /dev/vfio/pci/$a
check "verify finds a link to another device" exits 1 vfio_names verify
check "verify says which" contains $a vfio_names verify
check "sync mends it" exits 0 vfio_names sync
check "all three names are true again" true_pci $a $b $c
check "verify is content again" exits 0 vfio_names verify

# As in a container that got only some of the nodes.
node=/dev/vfio/devices/$(vfio_of $pci/$b)
mv "$node" /dev/kept
check "verify finds a name whose node is not there" contains "link-dangling: /dev/vfio/pci/$b" vfio_names verify
check "sync says which device it leaves out" contains "$b is left out" vfio_names sync
check "its name is gone" only /dev/vfio/pci $a $c
check "the others stay true" true_pci $a $c
mv /dev/kept "$node"
check "sync, with the node there again" exits 0 vfio_names sync
check "all three names are true with their nodes" true_pci $a $b $c

# The numbers of two devices are exchanged behind the program's back.
unbind $a
unbind $b
bind $b
bind $a
settle
check "verify finds names that lie after an exchange" exits 1 vfio_names verify
check "resolve does not trust the link" \
  same "$(vfio_names resolve $a)" "/dev/vfio/devices/$(vfio_of $pci/$a)"
check "sync mends them" exits 0 vfio_names sync
check "all three names are true after the exchange" true_pci $a $b $c

unbind $c
settle
check "verify finds a name whose device is gone" exits 1 vfio_names verify
check "resolve says there is no such device" exits 3 vfio_names resolve $c
check "sync removes it" exits 0 vfio_names sync
check "the other two stay" only /dev/vfio/pci $a $b
check "and stay true" true_pci $a $b

unbind $a
unbind $b
settle
check "the last sync" exits 0 vfio_names sync
check "the directory goes with the last name" absent /dev/vfio/pci
