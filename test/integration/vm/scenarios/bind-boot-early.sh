# The same in the initramfs, which loads the drivers of the host: its hooks add the policy, the native program and vfio-pci.
# kernels: debian
# devices: two-pairs
# cpus: 2
# init: systemd
# rules: bind-twins
# root: writable
# initramfs: initramfs-tools
# kernel-command-line: systemd.default_device_timeout_sec=900
# timeout: 1200

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0 d=0000:00:07.0
driver_of() { if [[ -e $pci/$1/driver ]]; then basename "$(readlink $pci/$1/driver)"; else echo none; fi; }
drivers() { local one; for one in $a $b $c $d; do driver_of $one; done | paste -sd ' '; }

check "each card has its driver" same "$(drivers)" "nvme vfio-pci e1000e vfio-pci"
check "nvme has never tried the card of the policy" not grep -E "nvme.*$b" <(dmesg)
check "e1000e has never tried the card of the policy" not grep -E "e1000e $d" <(dmesg)
check "this happened before the root was mounted" grep -q "$b vfio-pci" /run/early.drivers
check "the drivers of the host were loaded there, too" grep -q "$a nvme" /run/early.drivers
# Where groups are not known, so that the owner comes from the system's udev.
check "their names were there before the root was mounted" same "$(cut -d ' ' -f 1 /run/early.access)" \
  "$(printf '/dev/vfio/groups/by-alias/%s\n' disk nic)"
check "the first service that needs the devices runs" until_true 600 test -e /run/first-user
check "it had their names, and its user may open them" same "$(</run/first-user)" \
  "$(printf '%s root:kvm 660 vfio-pci opened\n' disk nic)"
