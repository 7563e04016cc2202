# Without udevd 254 virtual functions are bound: the service creates a correct link for each and removes all links at the
# end.
# kernels: both
# devices: sriov-twice
# rules: no
# timeout: 1800
# cpus: 2

. /project/test/integration/vm/guest/watch.sh
controllers=(0000:01:00.0 0000:02:00.0) count=254
# Enough for the slowest machine; a note reports the actual time.
soon=180

check "udevd ends" end_bare_udev
check "enable $count virtual functions of two controllers" virtual_functions $((count / 2)) "${controllers[@]}"
mapfile -t functions < <(functions_of "${controllers[@]}")
check "there are $count virtual functions" same "${#functions[@]}" $count
first=${functions[0]} others=("${functions[@]:1}")
links() { same "$(find /dev/vfio -type l 2>/dev/null | wc -l)" "$1"; }

start_watch
check "the service completes its first pass" until_true $soon test -e /tmp/figures.prom
bind "$first"
check "the first link is correct" until_true $soon pci_links_correct "$first"
record /tmp/log
for vf in "${others[@]}"; do bind "$vf"; done
begin=${EPOCHREALTIME/./}
check "there are $count links" until_true $soon links $count
note "the last link was created at most $(((${EPOCHREALTIME/./} - begin) / 1000)) ms after the last bind"
check "$count links are correct" pci_links_correct "${functions[@]}"
end_record
check "each node got a link" contains "from node to name" $observer latency /tmp/log
note "$($observer latency /tmp/log)"
check "each link was created once and not removed" $observer once /tmp/log

check "disable the virtual functions" virtual_functions 0 "${controllers[@]}"
check "no link is left" until_true $soon links 0
check "the directory is removed" until_true $soon absent /dev/vfio/pci
check "the service is still running" kill -0 $service
check "the service reported no problem" not grep '^vfio-names:' /tmp/troubles
status=0
end_watch || status=$?
check "the service exits with status 0 on SIGTERM" same $status 0
