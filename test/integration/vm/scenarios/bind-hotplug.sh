# A device that the policy wants is plugged in again and again, by pciehp. While the module of the host's driver is loaded, the
# kernel mostly is faster than udev: the device keeps the driver that it has got, and doctor says so. Otherwise it has vfio-pci.
# kernels: debian
# devices: card-and-port
# cpus: 2
# init: systemd
# rules: bind-slot
# root: writable
# initramfs: root-only
# timeout: 900

card=0000:00:06.0 address=0000:01:00.0 rounds=3
driver_of() { if [[ -e $pci/$1/driver ]]; then basename "$(readlink $pci/$1/driver)"; else echo none; fi; }
has_driver() { [[ -e $pci/$address/driver ]]; }
tried() { dmesg | grep -c "e1000e $address: enabling device"; }

# plug ID: plugs a card in and sets `driver` to the one that it gets.
plug() {
  monitor device_add "e1000e,id=$1,bus=rp0" && until_true 120 has_driver && settle && driver=$(driver_of $address)
}
# pull: powers the slot off, which returns when that is done; QEMU then removes the card.
pull() { echo 0 >/sys/bus/pci/slots/7/power && until_true 120 absent $pci/$address && settle; }

settle
check "e1000e is loaded, and has its card" until_true 60 same "$(driver_of $card)" e1000e
check "the kernel's pciehp handles the slot" test -d /sys/bus/pci_express/drivers/pciehp/0000:00:07.0:pcie004

declare -A got=([vfio-pci]=0 [e1000e]=0)
for ((round = 1; round <= rounds; round++)); do
  plug "loaded$round" || break
  got[$driver]=$((${got[$driver]:-0} + 1))
  if [[ $driver == e1000e ]]; then
    check "round $round: doctor finds that e1000e has it" contains "$address should have vfio-pci, but e1000e has it" vfio-names doctor
    check "round $round: its override is not set" same "$(<$pci/$address/driver_override)" "(null)"
    vfio-names bind >/dev/null 2>&1
    check "round $round: bind leaves it" same "$(driver_of $address)" e1000e
  fi
  pull || break
done
note "with e1000e loaded: vfio-pci ${got[vfio-pci]}, e1000e ${got[e1000e]}; e1000e has tried it $(tried) times"
check "with e1000e loaded, the card has one of both drivers each time" same $((got[vfio-pci] + got[e1000e])) $rounds

echo 'blacklist e1000e' >/etc/modprobe.d/lab.conf
udevadm control --reload
check "unload e1000e" modprobe --remove e1000e
before=$(tried) got=([vfio-pci]=0)
for ((round = 1; round <= rounds; round++)); do
  plug "unloaded$round" || break
  got[$driver]=$((${got[$driver]:-0} + 1))
  pull || break
done
check "without e1000e, the card has vfio-pci each time" same "${got[vfio-pci]}" $rounds
check "without e1000e, nothing else has tried it" same "$(tried)" "$before"
