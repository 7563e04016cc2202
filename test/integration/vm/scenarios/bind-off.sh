# With vfio_names.bind=0 on the command line of the kernel, neither the service nor the rules give a device a driver.
# kernels: debian
# devices: two-pairs
# cpus: 2
# init: systemd
# rules: bind-twins
# root: writable
# initramfs: root-only
# kernel-command-line: vfio_names.bind=0
# timeout: 1200

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0 d=0000:00:07.0
driver_of() { if [[ -e $pci/$1/driver ]]; then basename "$(readlink $pci/$1/driver)"; else echo none; fi; }
drivers() { local one; for one in $a $b $c $d; do driver_of $one; done | paste -sd ' '; }

settle
check "udev has the rules for drivers" test -s /etc/udev/rules.d/60-vfio-names-bind.rules
check "the service ran without an error" same "$(systemctl show --property=ConditionResult --property=Result vfio-names-bind.service | sort | paste -sd ' ')" "ConditionResult=yes Result=success"
check "each card has the driver of the host" until_true 60 same "$(drivers)" "nvme nvme e1000e e1000e"
check "no override is set" same "$(cat $pci/$b/driver_override $pci/$d/driver_override | paste -sd ' ')" "(null) (null)"
check "bind --installed does nothing" contains "vfio_names.bind=0" vfio-names bind --installed

# The program alone gives a device its driver, also in this boot, but not by a module that the administrator keeps away.
mkdir -p /etc/modprobe.d
echo "blacklist vfio_pci" >/etc/modprobe.d/blacklist-test.conf
unbind $d
check "bind does not load a blacklisted module, and says so" contains "may be blacklisted" vfio-names bind
check "the module is not loaded" absent /sys/module/vfio_pci
rm /etc/modprobe.d/blacklist-test.conf
check "bind loads the module that is not blacklisted any more" vfio-names bind
check "the device has vfio-pci" same "$(driver_of $d)" vfio-pci
