# rules install asks before a policy takes what the host uses: a mounted file system, a network interface that is up.
# kernels: debian
# devices: disk-and-network
# rules: no
# root: writable
# initramfs: root-only
# timeout: 900

disk=0000:00:04.0 network=0000:00:06.0 other=0000:00:07.0
file=/etc/udev/rules.d/60-vfio-names-bind.rules

settle
check "the disk has a partition" until_true 60 test -b /dev/nvme0n1p1
mkdir -p /mnt/data /etc/vfio-names
check "mount the partition" mount -o ro /dev/nvme0n1p1 /mnt/data
interface=$(ls $pci/$network/net)
ip link set "$interface" up

# policy ADDRESS: a policy that takes the device.
policy() { printf '[[bind]]\nmatch = { name = "%s" }\n' "$1" >/etc/vfio-names/10-bind.toml; }

policy $disk
check "config check warns about the file system" contains "/mnt/data is mounted from nvme0n1p1" vfio_names config check
check "rules install refuses" exits 2 vfio_names rules install
check "rules install names the file system" contains "gives vfio-pci to $disk, which nvme has now; /mnt/data is mounted from nvme0n1p1" \
  vfio_names rules install
check "no rules were installed" absent $file
check "doctor warns" contains "the policy takes $disk at the next boot; /mnt/data is mounted from nvme0n1p1" vfio_names doctor

policy $network
check "rules install refuses to take an interface that is up" contains "its network interface $interface is up" vfio_names rules install
ip link set "$interface" down
check "rules install takes it when it is down" vfio_names rules install
check "the rules were installed" grep -q "$network" $file

policy $disk
umount /mnt/data
check "rules install takes the disk when it is not mounted" vfio_names rules install
mount -o ro /dev/nvme0n1p1 /mnt/data
printf '[[bind]]\nmatch = { name = ["%s", "%s"] }\n' $disk $other >/etc/vfio-names/10-bind.toml
check "with --yes, rules install takes what is mounted" exits 0 vfio_names rules install --yes
check "bind takes no device from its driver" vfio_names bind
check "the file system is still there" test -n "$(ls /mnt/data)"
check "bind says who has the disk" contains "$disk should have vfio-pci, but nvme has it; /mnt/data is mounted from nvme0n1p1" \
  vfio_names bind --dry-run
check "bind does not advise to take the disk now" not contains "driverctl set-override $disk" vfio_names bind --dry-run
check "show says that the policy wants the disk" contains "the policy wants it" vfio_names show $disk
