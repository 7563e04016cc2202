# The way back: the policy in the initramfs takes the disk with the root, and vfio_names.bind=0 on the command line of the kernel
# lets the machine boot.
# kernels: debian
# devices: root-disk
# init: systemd
# rules: bind-root-disk
# root: disk
# initramfs: initramfs-tools
# kernel-command-line: vfio_names.bind=0
# timeout: 1200

disk=0000:00:04.0

settle
check "the root is on the disk of the policy" same "$(findmnt --noheadings --output SOURCE,FSTYPE / | tr -s ' ')" "/dev/nvme0n1 ext4"
check "nvme has the disk" same "$(basename "$(readlink $pci/$disk/driver)")" nvme
check "the image had the rules and the program" grep -q "$disk nvme" /run/early.drivers
check "the service did not run" same "$(systemctl show --property=ConditionResult vfio-names-bind.service)" ConditionResult=no
check "bind says that the disk is in use" contains "nvme has it; / is mounted from nvme0n1" vfio-names bind --dry-run
rm /etc/vfio-names/lab.toml
check "without the policy, rules install removes the rules" vfio-names rules install
check "they are gone" absent /etc/udev/rules.d/60-vfio-names-bind.rules
