# At boot, of two identical cards one gets vfio-pci and the other its driver, which is a module that udev loads: the service
# sets the overrides first, so that the module never tries the card of the policy.
# kernels: debian
# devices: two-pairs
# cpus: 2
# init: systemd
# rules: bind-twins
# root: writable
# initramfs: root-only
# kernel-command-line: systemd.default_device_timeout_sec=900
# timeout: 1200

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0 d=0000:00:07.0
driver_of() { if [[ -e $pci/$1/driver ]]; then basename "$(readlink $pci/$1/driver)"; else echo none; fi; }
drivers() { local one; for one in $a $b $c $d; do driver_of $one; done | paste -sd ' '; }

settle
check "nvme, e1000e and vfio-pci are modules" test -e /sys/module/nvme/initstate -a -e /sys/module/e1000e/initstate -a -e /sys/module/vfio_pci/initstate
check "each card has its driver" same "$(drivers)" "nvme vfio-pci e1000e vfio-pci"
check "the service ran" same "$(systemctl show --property=Result,ExecMainStatus vfio-names-bind.service)" \
  "$(printf 'Result=success\nExecMainStatus=0')"
after() { [[ $(systemctl show --property=$3 --value "$1") -gt $(systemctl show --property=$4 --value "$2") ]]; }
check "udev was triggered after the service had ended" \
  after systemd-udev-trigger.service vfio-names-bind.service ExecMainStartTimestampMonotonic ExecMainExitTimestampMonotonic
note "the service took $(($(systemctl show --property=ExecMainExitTimestampMonotonic --value vfio-names-bind.service) - $(systemctl show --property=ExecMainStartTimestampMonotonic --value vfio-names-bind.service))) us"
systemctl status vfio-names-bind.service --no-pager | sed 's/^/# /'
check "nvme has never tried the card of the policy" not grep -E "nvme.*$b" <(dmesg)
check "e1000e has never tried the card of the policy" not grep -E "e1000e $d" <(dmesg)
check "the first service that needs the devices runs" until_true 600 test -e /run/first-user
check "it had their names, and its user may open them" same "$(</run/first-user)" \
  "$(printf '%s root:kvm 660 vfio-pci opened\n' disk nic)"
check "their twins work" test -c /dev/nvme0 -a -d $pci/$c/net
check "bind has nothing to do" vfio-names bind --dry-run
before=$(drivers)
udevadm trigger --action=add --settle
check "another add event changes nothing" same "$(drivers)" "$before"

# The next boot of a machine whose rules were removed, as far as a running kernel can show it.
rm /etc/vfio-names/lab.toml /etc/udev/rules.d/60-vfio-names-bind.rules
reload_rules
for one in $b $d; do echo 1 >$pci/$one/remove; done
settle
echo 1 >/sys/bus/pci/rescan
settle
check "without rules, each card has the driver of the host" until_true 60 same "$(drivers)" "nvme nvme e1000e e1000e"
