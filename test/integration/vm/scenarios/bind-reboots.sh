# From one boot to the next, on a machine whose root is on a disk: rules install refuses to take that disk; the rules for another
# device take effect at the next boot; a rule for the disk that was installed with --yes leaves the disk to the driver that
# the initramfs has loaded; and without rules the devices have the drivers of the host again.
# kernels: debian
# devices: root-disk
# cpus: 2
# init: systemd
# rules: no
# root: disk
# initramfs: root-disk
# reboots: yes
# timeout: 1800

disk=0000:00:04.0 network=0000:00:06.0 other=0000:00:07.0
policy=/etc/vfio-names/10-bind.toml rules=/etc/udev/rules.d/60-vfio-names-bind.rules

driver_of() { if [[ -e $pci/$1/driver ]]; then basename "$(readlink $pci/$1/driver)"; else echo none; fi; }
drivers() { local one; for one in $disk $network $other; do driver_of $one; done | paste -sd ' '; }
# take ADDRESS...: a policy that takes these devices.
take() { printf '[[bind]]\nmatch = { name = "%s" }\n' "$@" >$policy; }

settle
note "boot $this_boot: $(drivers)"
case $this_boot in
  1)
    check "the root is on the disk" same "$(findmnt --noheadings --output SOURCE,FSTYPE / | tr -s ' ')" "/dev/nvme0n1 ext4"
    check "without rules, the devices have the drivers of the host" until_true 60 same "$(drivers)" "nvme e1000e e1000e"
    mkdir -p /etc/vfio-names /usr/lib/systemd/system/systemd-udev-trigger.service.wants
    install -m 755 /project/dist/native/vfio-names /usr/bin/vfio-names
    install -m 755 /project/dist/native/vfio_id /usr/lib/udev/vfio_id
    install -m 644 /project/packaging/systemd/vfio-names-bind.service /usr/lib/systemd/system/
    ln -s ../vfio-names-bind.service /usr/lib/systemd/system/systemd-udev-trigger.service.wants/
    take $disk
    check "rules install refuses to take the disk with the root" exits 2 vfio-names rules install
    check "rules install says why" contains "/ is mounted from nvme0n1" vfio-names rules install
    check "no rules were installed" absent $rules
    take $other
    check "rules install accepts another device" vfio-names rules install
    check "nothing changes now" same "$(drivers)" "nvme e1000e e1000e"
    next_boot
    ;;
  2)
    check "boot 2: only the device of the policy has vfio-pci" same "$(drivers)" "nvme e1000e vfio-pci"
    check "boot 2: e1000e has never tried it" not grep -E "e1000e $other" <(dmesg)
    take $disk $other
    check "boot 2: rules install refuses to take the disk with the root" exits 2 vfio-names rules install
    check "boot 2: with --yes it installs the rules" exits 0 vfio-names rules install --yes
    check "boot 2: nothing changes now" same "$(drivers)" "nvme e1000e vfio-pci"
    next_boot
    ;;
  3)
    check "boot 3: the machine boots, with the disk at the driver that the image has loaded" same "$(drivers)" "nvme e1000e vfio-pci"
    check "boot 3: the override of the disk is not set" same "$(<$pci/$disk/driver_override)" "(null)"
    check "boot 3: bind says who has the disk" contains "$disk should have vfio-pci, but nvme has it; / is mounted from nvme0n1" \
      vfio-names bind --dry-run
    check "boot 3: bind leaves it" same "$(vfio-names bind >/dev/null 2>&1; drivers)" "nvme e1000e vfio-pci"
    rm $policy
    check "boot 3: rules install removes the rules" vfio-names rules install
    check "boot 3: they are gone" absent $rules
    check "boot 3: nothing changes now" same "$(drivers)" "nvme e1000e vfio-pci"
    next_boot
    ;;
  4)
    check "boot 4: every device has the driver of the host again" until_true 60 same "$(drivers)" "nvme e1000e e1000e"
    check "boot 4: no override is set" same "$(cat $pci/{$disk,$network,$other}/driver_override | sort -u)" "(null)"
    check "boot 4: the device works" test -d $pci/$other/net
    ;;
esac
