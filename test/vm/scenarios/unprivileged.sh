# A user without rights: what sysfs tells everybody he gets, the rest says why not, with status 4.
# kernels: both
# devices: one

address=0000:00:04.0
other() { setpriv --reuid=nobody --regid=nogroup --clear-groups node /project/dist/vfio-names.cjs "$@"; }

# look ARGUMENT...: runs the program once; `status` and `told` judge this one run.
look() {
  got=0
  out=$(other "$@" 2>&1) || got=$?
}
status() { same "$got" "$1" || { echo "$out" && return 1; }; }
told() {
  echo "$out"
  [[ $out == *"$1"* ]]
}

check "bind" bind $address
settle
vfio=$(vfio_of $pci/$address)
check "he can't open the node" \
  not setpriv --reuid=nobody --regid=nogroup --clear-groups cat "/dev/vfio/devices/$vfio"

look list
check "list works" status 0
check "list shows the device" told "pci/$address"
look show $address
check "show works" status 0
check "show says that it does not see all holders" told "may not be looked into"
check "resolve gives the node, checked" same "$(other resolve $address)" "/dev/vfio/devices/$vfio"
check "verify is content" exits 0 other verify
check "plan has nothing to do" exits 0 other plan
look doctor
check "doctor finds no fault" status 0
check "doctor says that he does not see all processes" told "may not be looked into"

# shellcheck disable=SC2217 # it only holds the descriptor
sleep infinity <"/dev/vfio/devices/$vfio" &
holder=$!
look holders $address
check "holders can't know: status 4" status 4
check "holders says why" told "run it as root to see all"
kill $holder
wait $holder
look probe $address
check "probe can't open the node: status 4" status 4
check "probe says why" told "not permitted: /dev/vfio/devices/$vfio is root:root 0600"

rm /dev/vfio/pci/$address
check "he sees that a name is missing" exits 1 other verify
look sync
check "sync may not mend it: status 4" status 4
check "sync says why" told "EACCES"
check "root may" exits 0 vfio_names sync
check "the name is true again" true_pci $address

chmod 700 /dev/vfio/devices
look resolve $address
check "a directory that he may not enter: resolve says so, status 4" status 4
check "it names the right that is missing" told "EACCES"
