# Functions for the scenarios that run QEMU in the guest; they set `address`, the device that it gets.

emulator=(qemu-system-x86_64 -M q35,accel=tcg -nodefaults -display none -m 64 -S -monitor stdio)
mkfifo /tmp/monitor
exec 9<>/tmp/monitor

# start COMMAND...: starts QEMU with its monitor on a FIFO.
start() {
  timeout 400 "$@" <&9 >/tmp/out 2>&1 9>&- &
  child=$!
}

# list_and_quit: sends `info pci` and `quit`; `status` and `output_has` check this run of QEMU.
list_and_quit() {
  printf 'info pci\nquit\n' >&9
  got=0
  wait $child || got=$?
  out=$(</tmp/out)
  # Discard the commands that a QEMU which failed early did not read.
  while read -r -t 0.1 -u 9; do :; done
}

# held_by USER: only processes of this user have the device open.
held_by() { same "$(vfio_names holders --json $address | tr -d '" \n' | grep -oE 'user:[a-z]+' | sort -u)" "user:$1"; }

# identity_of ADDRESS: how the monitor lists the device.
identity_of() { echo "PCI device $(sed s/0x// "$pci/$1/vendor"):$(sed s/0x// "$pci/$1/device")"; }
