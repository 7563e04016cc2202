# Who has a device open is found: by every name, in other namespaces, through both interfaces, and
# when the device has gone.
# kernels: both cdev
# devices: one

address=0000:00:04.0

opened() { [[ $(readlink "/proc/$1/fd/0") == "$2" ]]; }
# says PATTERN ARGUMENT...: a line of the program's output fits the pattern.
says() {
  local pattern=$1 out
  shift
  out=$(vfio_names "$@" 2>&1)
  grep -E -- "$pattern" <<<"$out" || {
    echo "$out"
    return 1
  }
}

check "bind" bind $address
settle
vfio=$(vfio_of $pci/$address)
node=/dev/vfio/devices/$vfio
devnum=$(<"$pci/$address/vfio-dev/$vfio/dev")
status=0
out=$(vfio_names holders $address 2>/dev/null) || status=$?
check "nobody has it open" same "$out" ""
check "which is fine" same $status 0

# shellcheck disable=SC2217 # it only holds the descriptor
sleep infinity <"$node" &
holder=$!
check "a process opens the node" until_true 60 opened $holder "$node"
check "it is found, with its user, its command and the node" \
  says "^$address +$holder +0 +device +root +sleep .*$node\$" holders $address
out=$(vfio_names holders --json "$vfio")
check "--json has it" grep "\"pid\": $holder,\$" <<<"$out"
check "its word for the device is the kernel's" \
  grep -F "\"syspath\": \"$(readlink -f $pci/$address)\"" <<<"$out"
check "doctor counts it" says "^ok +holders +1 open" doctor

echo >/tmp/other
unshare --mount sh -c 'mount --bind "$0" /tmp/other && exec sleep infinity </tmp/other' "$node" &
inside=$!
check "another opens it under another name, in a mount namespace" until_true 60 opened $inside /tmp/other
check "both are found" \
  same "$(vfio_names holders $address | awk 'NR > 1 { print $2 }')" "$(printf '%s\n' $holder $inside)"
check "in a PID namespace of its own it says that it can't see all" \
  contains "PID namespace" unshare --pid --fork --mount-proc node /project/dist/vfio-names.cjs holders $address
kill $inside
wait $inside

# The kernel takes the device away at once, and waits for the holder after that.
unbind $address &
unbinding=$!
check "unbind: the node goes at once" until_true 60 absent "$node"
check "but unbind waits for the holder" test -d /proc/$unbinding
for name in $address "$node" "$devnum"; do
  check "the holder is found, as of a deleted node, by $name" \
    says " $holder +0 +device +root +sleep .*$node \\(deleted\\)\$" holders "$name"
done
check "a device that is not there and not held is not there" exits 3 vfio_names holders 0000:00:1f.0

kill $holder
wait $holder
wait $unbinding
check "without its holder unbind comes to its end" same $? 0
check "and nobody holds the device" exits 3 vfio_names holders $address
