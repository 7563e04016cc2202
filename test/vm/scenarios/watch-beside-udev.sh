# udevd with our rules and the service at once, over 127 virtual functions: no fight, each name comes once and stays.
# kernels: cdev
# devices: sriov
# timeout: 900

. /project/test/vm/guest/watch.sh
pf=0000:01:00.0 count=127
soon=180

check "the controller makes $count virtual functions" virtual_functions $count $pf
mapfile -t functions < <(functions_of $pf)
first=${functions[0]} others=("${functions[@]:1}")
links() { same "$(find /dev/vfio -type l 2>/dev/null | wc -l)" "$1"; }

start_watch
check "the service looks once" until_true $soon test -e /tmp/figures.prom
bind "$first"
check "the first name comes" until_true $soon true_pci "$first"
settle
record /tmp/log
for vf in "${others[@]}"; do bind "$vf"; done
settle
check "each of $count names comes" until_true $soon links $count
check "each is true" true_pci "${functions[@]}"
# What udevd says twice changes nothing.
udevadm trigger --subsystem-match=vfio-dev --action=change
settle
check "the service looks once more" reload_watch
end_record
note "$($observer latency /tmp/log)"
check "each name came once and stayed" $observer once /tmp/log
note "the service made $(grep -c '"added"' /tmp/lines) of $count names, udevd the others"
check "the service mended nothing" not grep -q '"repaired"' /tmp/lines

check "the controller takes its virtual functions away" virtual_functions 0 $pf
settle
check "no name is left" until_true $soon links 0
check "no trouble was told" not grep '^vfio-names:' /tmp/troubles
status=0
end_watch || status=$?
check "it ends at SIGTERM with status 0" same $status 0
