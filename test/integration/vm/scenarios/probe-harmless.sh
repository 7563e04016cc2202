# Probes without --bind, many times: 1,000 by the program and 10,000 by its second process, which opens the descriptors.
# No reset, no growth of descriptors or memory, and unbind does not wait.
# kernels: both
# devices: one
# timeout: 1800
. /project/test/integration/vm/guest/probe.sh

address=0000:00:04.0 some=1000 many=10000
check "bind" bind $address
settle
before=$(resets)

# level PID: the lowest of several descriptor counts, since a file may be open at any moment, and resident memory in kB.
level() {
  local least=99999 descriptors
  for _ in {1..20}; do
    descriptors=("/proc/$1/fd/"*)
    if ((${#descriptors[@]} < least)); then least=${#descriptors[@]}; fi
  done
  echo "$least $(awk '/VmRSS/ { print $2 }' "/proc/$1/status")"
}
lines() { [[ -e $1 ]] && (($(wc -l <"$1") >= $2)); }

mapfile -t names < <(yes $address | head -n $some)
node /project/dist/vfio-names.cjs probe "${names[@]}" >/tmp/some 2>&1 &
main=$!
until_true 120 lines /tmp/some 100
early=$(level $main)
check "the program completes $some probes" until_true 400 lines /tmp/some $((some - 200))
late=$(level $main)
note "descriptors and kB of the first process: $early, then $late"
check "the program's descriptors do not grow" eval "((${late% *} <= ${early% *}))"
check "the program's memory does not grow" eval "((${late#* } < ${early#* } + 24576))"
wait $main
check "the program exits with status 0" same $? 0
check "every probe reported the device as openable" same "$(grep -c "^$address: can be opened: " /tmp/some)" $some
check "no probe reset the device" same "$(resets)" "$before"

vfio=$(vfio_of $pci/$address)
devnum=$(<"$pci/$address/vfio-dev/$vfio/dev")
request="{\"depth\":\"open\",\"name\":\"$address\",\"node\":\"/dev/vfio/devices/$vfio\",\"devnum\":\"$devnum\",\"devAttribute\":\"$pci/$address/vfio-dev/$vfio/dev\",\"iommu\":\"\",\"container\":\"\",\"attach\":false}"
answered() { (($(grep -c '^answer ' /tmp/many) >= $1)); }
mkfifo /tmp/requests
node /project/dist/probe-worker.cjs </tmp/requests >/tmp/many 2>&1 &
caller=$!
exec 9>/tmp/requests
yes "$request" | head -n 1000 >&9
until_true 120 answered 1000
early=$(level $caller)
yes "$request" | head -n $((many - 1000)) >&9
check "the second process completes $many probes" until_true 400 answered $many
late=$(level $caller)
note "descriptors and kB of the second process: $early, then $late"
check "the second process's descriptors do not grow" eval "((${late% *} <= ${early% *}))"
check "the second process's memory does not grow" eval "((${late#* } < ${early#* } + 24576))"
check "every probe of the second process found the device openable" same "$(grep -c '^answer {"openable":true}$' /tmp/many)" $many
check "no probe of the second process reset the device" same "$(resets)" "$before"
exec 9>&-
wait $caller
check "the second process exits with status 0 when its pipe is closed" same $? 0

# More probes than it can make until the device is gone.
mapfile -t names < <(yes $address | head -n $((3 * some)))
rm -f /tmp/some
node /project/dist/vfio-names.cjs probe "${names[@]}" >/tmp/some 2>&1 &
main=$!
check "probes are running" until_true 240 lines /tmp/some 20
check "unbind returns while probes are running" timeout 60 bash -c "echo $address >$pci/$address/driver/unbind"
# What is said depends on whether it is looked for before the driver has left it.
check "probes after the unbind report why the device cannot be opened" \
  until_true 120 grep -qE 'cannot be opened: |is not bound to any driver' /tmp/some
kill $main
check "the second process ends with the first" until_true 60 not pgrep -f dist/probe-worker.cjs
