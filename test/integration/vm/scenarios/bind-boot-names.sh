# At boot, a device of the policy has its driver, its names and its group before the first service that waits for it starts.
# The kernel's own driver for the device, which is built in, does not start, as if it were a module that is not loaded.
# kernels: both
# devices: three
# init: systemd
# rules: bind-names
# root: writable
# kernel-command-line: initcall_blacklist=e1000_init_module
# timeout: 900

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
unit='dev-vfio-by\x2dalias-nic.device'
driver_of() { if [[ -e $pci/$1/driver ]]; then basename "$(readlink $pci/$1/driver)"; else echo none; fi; }

settle
check "only the device of the policy has a driver" same "$(driver_of $a) $(driver_of $b) $(driver_of $c)" "none vfio-pci none"
check "the service ran" same "$(systemctl show --property=Result,ExecMainStatus vfio-names-bind.service)" \
  "$(printf 'Result=success\nExecMainStatus=0')"
check "its link is correct" pci_links_correct $b
check "its alias is correct" link_correct /dev/vfio/by-alias/nic $pci/$b
check "its node belongs to the group" same "$(stat -L -c '%U:%G %a' /dev/vfio/pci/$b)" "root:kvm 660"
check "the unit of the alias is active" until_true 60 systemctl is-active "$unit"
cat >/run/systemd/system/user.service <<UNIT
[Unit]
BindsTo=$unit
After=$unit
DefaultDependencies=no
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/vfio-names resolve nic
UNIT
systemctl daemon-reload
check "a service that needs the alias starts" systemctl start user.service
check "doctor says that every device has its driver" contains "every device has the driver of the policy; bound to VFIO: 1 by this policy" vfio-names doctor
check "show says who bound it" contains "[[bind]] at /etc/vfio-names/lab.toml:2" vfio-names show nic
check "verify finds nothing" vfio-names verify
