# An unprivileged user: commands that need only world-readable sysfs files work, the others explain why not and exit with
# status 4.
# kernels: both
# devices: one

address=0000:00:04.0
other() { setpriv --reuid=nobody --regid=nogroup --clear-groups node /project/dist/vfio-names.cjs "$@"; }

# run_program ARGUMENT...: runs the program once as nobody; `status` and `output_has` check this run.
run_program() {
  got=0
  out=$(other "$@" 2>&1) || got=$?
}

check "bind" bind $address
settle
vfio=$(vfio_of $pci/$address)
check "the user cannot open the node" \
  not setpriv --reuid=nobody --regid=nogroup --clear-groups cat "/dev/vfio/devices/$vfio"

run_program list
check "list exits with status 0" status 0
check "list shows the device" output_has "pci/$address"
run_program show $address
check "show exits with status 0" status 0
check "show reports that it cannot see all processes" output_has "may not be looked into"
check "resolve prints the node" same "$(other resolve $address)" "/dev/vfio/devices/$vfio"
check "verify finds nothing" exits 0 other verify
check "plan is empty" exits 0 other plan
run_program doctor
check "doctor exits with status 0" status 0
check "doctor reports that it cannot see all processes" output_has "may not be looked into"

# shellcheck disable=SC2217 # it only keeps the descriptor open
sleep infinity <"/dev/vfio/devices/$vfio" &
holder=$!
run_program holders $address
check "holders exits with status 4" status 4
check "holders suggests running it as root" output_has "run it as root to see all"
kill $holder
wait $holder
run_program probe $address
check "probe exits with status 4" status 4
check "probe reports the owner and the mode of the node" output_has "not permitted: /dev/vfio/devices/$vfio is root:root 0600"

rm /dev/vfio/pci/$address
check "verify exits with status 1 for a missing link" exits 1 other verify
run_program sync
check "sync exits with status 4" status 4
check "sync reports EACCES" output_has "EACCES"
check "sync exits with status 0 as root" exits 0 vfio_names sync
check "the link is correct after sync as root" pci_links_correct $address

chmod 700 /dev/vfio/devices
run_program resolve $address
check "resolve exits with status 4 if the node's directory is not accessible" status 4
check "resolve reports EACCES" output_has "EACCES"
