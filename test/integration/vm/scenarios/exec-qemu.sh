# QEMU runs as an unprivileged user and uses a device through the descriptors that exec passes; without them it fails.
# kernels: both
# devices: one
# timeout: 1500

address=0000:00:04.0
link=/dev/vfio/pci/$address
emulator=(qemu-system-x86_64 -M q35,accel=tcg -nodefaults -display none -m 64 -S -monitor stdio)
by_descriptor=(-object 'iommufd,id=iommufd0,fd={iommufd}' -device 'vfio-pci,fd={fd},iommufd=iommufd0')
by_address=(-object iommufd,id=iommufd0 -device "vfio-pci,host=$address,iommufd=iommufd0")
mkfifo /tmp/monitor
exec 9<>/tmp/monitor

# start COMMAND...: starts QEMU with its monitor on a FIFO. list_and_quit: sends `info pci` and `quit`; sets `out` to the
# output and `got` to the exit status.
start() {
  timeout 400 "$@" <&9 >/tmp/out 2>&1 9>&- &
  child=$!
}
list_and_quit() {
  printf 'info pci\nquit\n' >&9
  got=0
  wait $child || got=$?
  out=$(</tmp/out)
  # Discard the commands that a QEMU which failed early did not read.
  while read -r -t 0.1 -u 9; do :; done
}
status() { same "$got" "$1" || { echo "$out" && return 1; }; }
output_has() {
  echo "$out"
  [[ $out == *"$1"* ]]
}
# exec_as LIMIT: starts QEMU by exec as user nobody, with LIMIT bytes of locked memory.
exec_as() {
  start prlimit --memlock="$1" $vfio_names_command exec --iommu --user nobody $address -- \
    "${emulator[@]}" "${by_descriptor[@]}"
}
held_by() { same "$(vfio_names holders --json $address | tr -d '" \n' | grep -oE 'user:[a-z]+' | sort -u)" "user:$1"; }

check "bind" bind $address
settle
check "the node has owner root:root and mode 0600" same "$(stat -L -c '%U:%G %a' $link)" "root:root 600"
identity="PCI device $(sed s/0x// $pci/$address/vendor):$(sed s/0x// $pci/$address/device)"

exec_as $((128 << 20))
check "with exec: QEMU starts" until_true 400 grep -q '(qemu)' /tmp/out
check "with exec: only user nobody has the device open" held_by nobody
list_and_quit
check "with exec: QEMU lists the device" output_has "$identity"
check "with exec: QEMU exits with status 0" status 0

# iommufd charges pinned pages to the user's limit of locked memory, and QEMU pins all of the guest's memory.
exec_as $((8 << 20))
list_and_quit
check "with the default limit of locked memory: QEMU exits with status 1" status 1
check "with the default limit of locked memory: QEMU reports that it cannot allocate memory" output_has "Cannot allocate memory"

start setpriv --reuid=nobody --regid=nogroup --clear-groups "${emulator[@]}" "${by_address[@]}"
list_and_quit
check "without exec: QEMU exits with status 1 as the same user" status 1
check "without exec: QEMU reports that it cannot open the node" output_has "Failed to open /dev/vfio/devices/$(vfio_of $pci/$address)"

start "${emulator[@]}" "${by_address[@]}"
list_and_quit
check "without exec, as root: QEMU lists the device" output_has "$identity"
check "without exec, as root: QEMU exits with status 0" status 0
