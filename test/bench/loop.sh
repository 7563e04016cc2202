#!/bin/sh
# Reference for verify as a simple shell loop: compares every link with sysfs by stat. loop.sh DIR
wrong=0
for entry in "$1"/sys/class/vfio-dev/*; do
    device=$(readlink -f "$(dirname "$(dirname "$(readlink -f "$entry")")")")
    bus=$(basename "$(readlink "$device/subsystem")")
    node=$(stat -L -c '%Hr:%Lr' "$1/dev/vfio/$bus/$(basename "$device")")
    [ "$node" = "$(cat "$(readlink -f "$entry")/dev")" ] || wrong=$((wrong + 1))
done
echo "$wrong wrong"
[ "$wrong" -eq 0 ]
