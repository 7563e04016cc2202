#!/bin/bash
# Run by first-user.service: opens each device by its name, as a member of the group that the policy gives it to, and writes to
# /run/first-user, one line for each: name, owner and mode of its node, driver of the device, `opened` or the error.

for alias in disk nic; do
  link=/dev/vfio/groups/by-alias/$alias
  group=$(basename "$(readlink "$link")")
  driver=$(basename "$(readlink "/sys/kernel/iommu_groups/$group/devices"/*/driver)")
  # shellcheck disable=SC2016 # expanded by the inner shell
  opened=$(setpriv --reuid=nobody --regid=kvm --clear-groups bash -c 'exec 3<>"$1" && echo opened' bash "$link" 2>&1)
  echo "$alias $(stat -L -c '%U:%G %a' "$link") $driver $opened"
done >/run/first-user.part
mv /run/first-user.part /run/first-user
