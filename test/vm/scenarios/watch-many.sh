# Without udevd 254 virtual functions appear: every name is true soon after its node, and none is left when they go.
# kernels: both
# devices: sriov-twice
# rules: no
# timeout: 1800

. /project/test/vm/guest/watch.sh
controllers=(0000:01:00.0 0000:02:00.0) count=254
# For the slowest machine; how long it took is told.
soon=180

check "udevd ends" end_bare_udev
check "two controllers make $count virtual functions" virtual_functions $((count / 2)) "${controllers[@]}"
mapfile -t functions < <(functions_of "${controllers[@]}")
check "there are $count of them" same "${#functions[@]}" $count
first=${functions[0]} others=("${functions[@]:1}")
links() { same "$(find /dev/vfio -type l 2>/dev/null | wc -l)" "$1"; }

start_watch
check "the service looks once" until_true $soon test -e /tmp/figures.prom
bind "$first"
check "the first name comes" until_true $soon true_pci "$first"
record /tmp/log
for vf in "${others[@]}"; do bind "$vf"; done
begin=${EPOCHREALTIME/./}
check "each of $count names comes" until_true $soon links $count
note "the last name came $(((${EPOCHREALTIME/./} - begin) / 1000)) ms after the last bind, or less"
check "each is true" true_pci "${functions[@]}"
end_record
check "each node of the burst got its name" contains "from node to name" $observer latency /tmp/log
note "$($observer latency /tmp/log)"
check "no name came twice or went in between" $observer once /tmp/log

check "the controllers take their virtual functions away" virtual_functions 0 "${controllers[@]}"
check "no name is left" until_true $soon links 0
check "nor their directory" until_true $soon absent /dev/vfio/pci
check "the service ended by nobody" kill -0 $service
check "no trouble was told" not grep '^vfio-names:' /tmp/troubles
status=0
end_watch || status=$?
check "it ends at SIGTERM with status 0" same $status 0
