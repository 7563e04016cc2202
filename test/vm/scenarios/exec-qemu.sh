# QEMU as a user without rights takes a device by the descriptors that exec gives it; without them it is refused.
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

# start COMMAND...: an emulator that waits for words on its monitor. ask: have it tell its PCI devices and end; `out`
# and `got` are what came of it.
start() {
  timeout 400 "$@" <&9 >/tmp/out 2>&1 9>&- &
  child=$!
}
ask() {
  printf 'info pci\nquit\n' >&9
  got=0
  wait $child || got=$?
  out=$(</tmp/out)
  # What an emulator that did not get so far has left unread is not for the next one.
  while read -r -t 0.1 -u 9; do :; done
}
status() { same "$got" "$1" || { echo "$out" && return 1; }; }
told() {
  echo "$out"
  [[ $out == *"$1"* ]]
}
# exec_as LIMIT: by exec as nobody, who may lock so many bytes.
exec_as() {
  start prlimit --memlock="$1" node /project/dist/vfio-names.cjs exec --iommu --user nobody $address -- \
    "${emulator[@]}" "${by_descriptor[@]}"
}
held_by() { same "$(vfio_names holders --json $address | tr -d '" \n' | grep -oE 'user:[a-z]+' | sort -u)" "user:$1"; }

check "bind" bind $address
settle
check "the node is root's alone" same "$(stat -L -c '%U:%G %a' $link)" "root:root 600"
identity="PCI device $(sed s/0x// $pci/$address/vendor):$(sed s/0x// $pci/$address/device)"

exec_as $((128 << 20))
check "by exec: QEMU runs" until_true 400 grep -q '(qemu)' /tmp/out
check "by exec: nobody has the device open, and nobody else" held_by nobody
ask
check "by exec: QEMU shows the device" told "$identity"
check "by exec: it ends with status 0" status 0

# iommufd counts what it pins against the user's limit, and all of the memory that QEMU gives its guest is pinned.
exec_as $((8 << 20))
ask
check "with the kernel's usual limit of locked memory: refused" status 1
check "with the kernel's usual limit of locked memory: it says why" told "Cannot allocate memory"

start setpriv --reuid=nobody --regid=nogroup --clear-groups "${emulator[@]}" "${by_address[@]}"
ask
check "without exec: the same user is refused" status 1
check "without exec: it says why" told "Failed to open /dev/vfio/devices/$(vfio_of $pci/$address)"

start "${emulator[@]}" "${by_address[@]}"
ask
check "without exec, as root: the same words are right" told "$identity"
check "without exec, as root: it ends with status 0" status 0
