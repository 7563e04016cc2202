# Functions for scenarios about the names of groups; sourced after lib.sh and helper.sh.

# install_counting: installs the native vfio_id with a line for each call in /run/vfio_id.calls, and its stderr in a file.
install_counting() {
  printf '%s\n' '#!/bin/sh' 'echo "$*" >>/run/vfio_id.calls' \
    'exec /project/dist/native/vfio_id "$@" 2>>/run/vfio_id.log' >$helper && chmod 755 $helper && reset_calls
}
reset_calls() { : >/run/vfio_id.calls; }
# calls TEXT NUMBER: vfio_id was called so many times with this text in its arguments.
calls() {
  cat /run/vfio_id.calls
  same "$(grep -cF -- "$1" /run/vfio_id.calls)" "$2"
}

# group_of ADDRESS: the number of its IOMMU group.
group_of() { basename "$(readlink "$pci/$1/iommu_group")"; }

# group_link_correct LINK NODE: the link leads to /dev/vfio/NODE, which has the device number of sysfs.
group_link_correct() {
  local up
  up=$(sed 's,[^/]*/,../,g; s,[^/]*$,,' <<<"${1#/dev/vfio/}")
  [[ -L $1 ]] || { echo "$1 is not a link" && return 1; }
  same "$(readlink "$1")" "$up$2" &&
    same "$(stat -L -c '%F %Hr:%Lr' "$1")" "character special file $(<"/sys/class/vfio/$2/dev")"
}

# group_names_correct ADDRESS...: each function has its name below groups/pci, which leads to its group.
group_names_correct() {
  local address bad=0
  for address; do
    group_link_correct "/dev/vfio/groups/pci/$address" "$(group_of "$address")" || bad=1
  done
  return $bad
}

# group_names ADDRESS...: exactly these functions have such names.
group_names() { only /dev/vfio/groups/pci "$@" && group_names_correct "$@"; }

# as_sync: sync makes exactly the links that udev made, and verify finds nothing.
as_sync() {
  local udev
  udev=$(links)
  vfio_names verify && vfio_names plan || return
  rm -rf /dev/vfio/groups
  vfio_names sync --quiet && same "$(links)" "$udev"
}
