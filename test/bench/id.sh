#!/bin/sh
# Reference for vfio_id as a shell script: prints the same lines for a PCI device. id.sh DIR DEVPATH
device=$(dirname "$(dirname "$1/sys$2")")
read -r _ < "$1/sys$2/dev" || exit 1
echo "ID_VFIO_BUS=$(basename "$(readlink "$device/subsystem")")"
echo "ID_VFIO_NAME=$(basename "$device")"
echo "ID_VFIO_GROUP=$(basename "$(readlink "$device/iommu_group")")"
