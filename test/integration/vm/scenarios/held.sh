# holders finds the processes that have a device open: by each form of its name, in other namespaces, through both
# interfaces, and after the device is gone.
# kernels: both cdev
# devices: one

address=0000:00:04.0

opened() { [[ $(readlink "/proc/$1/fd/0") == "$2" ]]; }
# prints PATTERN ARGUMENT...: a line of the program's output matches the pattern.
prints() {
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
check "holders prints nothing if no process has the device open" same "$out" ""
check "holders exits with status 0 if no process has the device open" same $status 0

# shellcheck disable=SC2217 # it only keeps the descriptor open
sleep infinity <"$node" &
holder=$!
check "a process opens the node" until_true 60 opened $holder "$node"
check "holders prints the process with its user, its command and the node" \
  prints "^$address +$holder +0 +device +root +sleep .*$node\$" holders $address
out=$(vfio_names holders --json "$vfio")
check "holders --json has the PID" grep "\"pid\": $holder,\$" <<<"$out"
check "holders --json has the device's sysfs path" \
  grep -F "\"syspath\": \"$(readlink -f $pci/$address)\"" <<<"$out"
check "doctor counts the open device" prints "^ok +holders +1 device open" doctor

echo >/tmp/other
unshare --mount sh -c 'mount --bind "$0" /tmp/other && exec sleep infinity </tmp/other' "$node" &
inside=$!
check "another process opens the node under another path in a mount namespace" until_true 60 opened $inside /tmp/other
check "holders prints both processes" \
  same "$(vfio_names holders $address | awk 'NR > 1 { print $2 }')" "$(printf '%s\n' $holder $inside)"
check "holders reports in a PID namespace that it cannot see all processes" \
  contains "PID namespace" unshare --pid --fork --mount-proc node /project/dist/vfio-names.cjs holders $address
kill $inside
wait $inside

# The kernel removes the node first and then waits until the process closes it.
unbind $address &
unbinding=$!
check "unbind removes the node at once" until_true 60 absent "$node"
check "unbind waits for the process that has the device open" test -d /proc/$unbinding
for name in $address "$node" "$devnum"; do
  check "holders $name prints the process with a deleted node" \
    prints " $holder +0 +device +root +sleep .*$node \\(deleted\\)\$" holders "$name"
done
check "holders exits with status 3 for a device that does not exist and is not open" exits 3 vfio_names holders 0000:00:1f.0

kill $holder
wait $holder
wait $unbinding
check "unbind returns 0 after the process has ended" same $? 0
check "holders exits with status 3 after the unbind" exits 3 vfio_names holders $address
