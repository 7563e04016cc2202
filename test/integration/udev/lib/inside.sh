# Runs in a mount namespace of its own: one udev over the fake sysfs. Prints a line a check: `ok WHAT`, `FAILED WHAT`
# or `skipped WHAT`.
# usage: inside.sh SUITE CHROOT WORK
set -euo pipefail
export LC_ALL=C
suite=$1 top=$2 work=$3
here=$(dirname "$(dirname "$(realpath "$0")")")

# Only udev's default rules beside ours, so that no other rule affects the result.
mkdir -p "$work/udev/rules.d"
cp "$top/usr/lib/udev/rules.d/50-udev-default.rules" "$work/udev/rules.d/"
mount -t proc proc "$top/proc"
mount --bind "$work/sys" "$top/sys"
mount --bind "$work/udev" "$top/usr/lib/udev"
mount -t tmpfs tmpfs "$top/run"
mkdir -p "$top/run/udev" "$work/dev"
mount --bind "$work/dev" "$top/dev"
mknod -m 666 "$top/dev/null" c 1 3
version=$(chroot "$top" udevadm --version)

# report TITLE EXPECTED FOUND
report() {
  if [[ $2 == "$3" ]]; then
    echo "ok $1"
  else
    printf 'FAILED %s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3"
  fi
}

# skip POLICY EXPECTED: the same checks are only counted.
skip() {
  local expected
  while read -r expected; do echo "skipped udev $version, $1: ${expected%% *}"; done <"$here/policies/$2.expected"
}

# What `udevadm test` says of one device: its tag, links and access, in one line.
observe() {
  local class=vfio-dev log
  [[ $1 == iommu ]] && class=misc
  [[ $1 =~ ^[0-9]+$ ]] && class=vfio
  log=$(SYSTEMD_DEVICE_VERIFY_SYSFS=0 chroot "$top" udevadm test --action=add "/sys/class/$class/$1" 2>&1 || :)
  awk -v name="$1" '
    /70-vfio-names.rules:[0-9]+ (Set )?OWNER/ { owner = " owner=" last($0) }
    /70-vfio-names.rules:[0-9]+ (Set )?GROUP/ { group = " group=" last($0) }
    /70-vfio-names.rules:[0-9]+ (Set )?MODE/ { mode = " mode=" last($0) }
    function last(line) { sub(/.*(OWNER|GROUP|MODE)[^0-9]*/, "", line); sub(/[^0-9].*/, "", line); return line }
    /^ *TAGS=/ && /:systemd:/ && name != "iommu" { tag = " systemd" }
    /^ *DEVLINKS=/ { sub(/^ *DEVLINKS=/, ""); links = $0 }
    END {
      count = split(links, one, " ")
      for (i = 1; i <= count; i++)
        for (j = i + 1; j <= count; j++)
          if (one[j] < one[i]) { swap = one[i]; one[i] = one[j]; one[j] = swap }
      for (i = 1; i <= count; i++) { sub("^/dev/vfio/", "", one[i]); all = all " " one[i] }
      print name tag all owner group mode
    }' <<<"$log"
}

# check POLICY EXPECTED: compares the links of every device under the policy's rules with a file of expected lines.
check() {
  local expected
  cp "$work/rules/$1.rules" "$work/udev/rules.d/70-vfio-names.rules"
  while read -r expected; do
    report "udev $version, $1: ${expected%% *}" "$expected" "$(observe "${expected%% *}")"
  done <"$here/policies/$2.expected"
}

# remember MINOR FACT=VALUE...: writes an entry of udev's database for a device, as if from an earlier event.
remember() {
  mkdir -p "$top/run/udev/data"
  {
    echo I:1
    printf 'E:ID_VFIO_%s\n' "${@:2}"
    echo V:1
  } >"$top/run/udev/data/c247:$1"
}

# forget: no device has an earlier event. udev 252 writes its database in `udevadm test`, too.
forget() { rm -rf "$top/run/udev/data"; }

if ((version >= 254)); then
  cp -rL "$work/rules" "$top/run/rules"
  # The accounts in the policies of this directory exist, most of those in the hostile policies do not.
  verify() {
    local title=$1 files=("${@:3}") found
    found=$(chroot "$top" udevadm verify "--resolve-names=$2" "${files[@]/#//run/rules/}" 2>&1) && found=fine
    report "udev $version, udevadm verify: ${#files[@]} files, $title" fine "$found"
  }
  mapfile -t files < <(cd "$work/rules" && ls)
  verify policies early $(printf '%s\n' "${files[@]}" | grep -v '^hostile-')
  verify hostile never $(printf '%s\n' "${files[@]}" | grep '^hostile-')
  verify default never default.rules
else
  echo "skipped udev $version, udevadm verify: this release does not have it"
  # This udev has no `verify`, but complains of what it cannot read when it loads rules.
  for file in "$work/rules/"*.rules; do cp "$file" "$work/udev/rules.d/71-$(basename "$file")"; done
  found=$(SYSTEMD_DEVICE_VERIFY_SYSFS=0 chroot "$top" udevadm test /sys/class/vfio-dev/vfio9 2>&1 |
    grep -E '/71-[^ ]*:[0-9]+ .*(nvalid|gnoring|nknown|Failed)' | head -3 || :)
  report "udev $version: loads all rules without an error" '' "$found"
  rm "$work/udev/rules.d/71-"*
fi

check default default
check default no-groups
check native native
forget
check by-tag by-tag
forget
check helper absent
forget

# What rules of an earlier policy gave is taken back, with links as ever, by the rules of a policy without access.
for minor in 0 2; do remember $minor ACCESS=policy; done
check default withdrawn
forget

# vfio_id is not installed: all links except the default ones come from the database and are confirmed by sysfs.
below=/sys/devices/pci0000:00
remember 0 GROUP=7 PATH=pci0000_00-01.0-00.0 SYSPATH=$below/0000:00:01.0/0000:01:00.0
remember 1 GROUP=14 PF=0000:01:00.0 VF=0 PATH=pci0000_00-01.0-00.0-vf0 SYSPATH=$below/0000:00:01.0/0000:01:00.1
remember 2 GROUP=20
# Values of other devices: the group, the path, the index, and all of them.
remember 3 GROUP=7 PATH=pci0002_00-01.0 SYSPATH=/sys/devices/platform/40000000.pcie/pci0002:00/0002:00:01.0
remember 11 GROUP=20 PATH=pci0000_00-03.0 SYSPATH=$below/0000:00:03.0
check remembered remembered
remember 1 GROUP=14 PF=0000:01:00.0 VF=1 PATH=pci0000_00-01.0-00.0-vf1 SYSPATH=$below/0000:00:01.0/0000:01:00.1
remember 0 GROUP=14 PF=0000:01:00.0 VF=0 PATH=pci0000_00-01.0-00.0-vf0 SYSPATH=$below/0000:00:01.0/0000:01:00.1
# Incomplete entries.
remember 2 PATH=x
remember 3 GROUP=20 PATH=pci0002_00-01.0
remember 11 GROUP=20 SYSPATH=$below/0000:00:02.0
check remembered default
forget
# Since systemd 256 `udevadm test` runs no programs.
if ((version < 256)); then
  cp "$here/vfio_id" "$work/udev/vfio_id"
  check helper helper
  # A group that had names at an earlier event has them again, from one call of vfio_id.
  mkdir -p "$top/run/udev/data"
  printf '%s\n' I:1 'E:ID_VFIO_GROUP_LINKS_1=vfio/groups/pci/old' V:1 >"$top/run/udev/data/c243:7"
  check default groups
  forget
else
  skip default groups
  skip helper helper
fi
