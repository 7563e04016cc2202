/*
 * Watches the names below /dev/vfio and the nodes of groups while devices come and go. Independent of the project: it reads
 * sysfs itself.
 *
 *   judge STOP SECONDS [+ADDRESS | NAME=ADDRESS]...   until the file STOP exists; prints what is wrong, and the counts; status 1
 *                                                    if anything is
 *
 * A name is false if it leads to the node of another device or group than the one that it says. The kernel gives the number of a
 * device that is gone to the next one before anybody can have changed a link, so a name is wrong only if it stays false for
 * SECONDS, with the same link and the same node. NAME, `by-alias/a`, stands for ADDRESS. A name that says nothing is wrong if it
 * leads to a node for as long. A grant is wrong if a group's node is open to a user and the group has a device without `+`.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum { most = 256 };

static struct falsehood {
	char link[600];
	ino_t link_inode, node_inode;
	double since;
	int seen, printed;
} falsehoods[most];

static char **arguments;
static double limit, longest;
static long names, false_names, wrong_names, right, wrong_grants;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Sets `address` to the device that the name says, relative to /dev/vfio and without `groups/`; 0 if it says none. */
static int device_of(const char *name, char *address, size_t size)
{
	size_t length = strlen(name), index;
	char **argument;

	for (argument = arguments; *argument; argument++)
		if (!strncmp(*argument, name, length) && (*argument)[length] == '=') {
			snprintf(address, size, "%s", *argument + length + 1);
			return 1;
		}
	if (!strncmp(name, "pci/", 4)) {
		snprintf(address, size, "%s", name + 4);
		return 1;
	}
	/* by-tag/pci-0000_01_00_0 */
	if (strncmp(name, "by-tag/pci-", 11) || length != 11 + 12)
		return 0;
	snprintf(address, size, "%s", name + 11);
	for (index = 0; address[index]; index++)
		if (address[index] == '_')
			address[index] = index == 10 ? '.' : ':';
	return 1;
}

/* Whether the node, `vfio3` or a group's `14`, is that of the device. */
static int is_of(const char *node, int is_group, const char *address)
{
	char path[700], target[1024];
	ssize_t length;

	if (is_group)
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.40s/iommu_group", address);
	else
		snprintf(path, sizeof(path), "/sys/class/vfio-dev/%.40s", node);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return 0;
	target[length] = '\0';
	if (is_group)
		return !strcmp(strrchr(target, '/') + 1, node);
	*strstr(target, "/vfio-dev/") = '\0';
	return !strcmp(strrchr(target, '/') + 1, address);
}

static void is_false(const char *link, const struct stat *own, const struct stat *node, const char *target)
{
	struct falsehood *entry, *empty = NULL;
	double lasted;

	for (entry = falsehoods; entry < falsehoods + most; entry++) {
		if (!entry->link[0])
			empty = empty ? empty : entry;
		else if (!strcmp(entry->link, link) && entry->link_inode == own->st_ino && entry->node_inode == node->st_ino)
			break;
	}
	if (entry == falsehoods + most) {
		if (!empty)
			exit(3);
		entry = empty;
		snprintf(entry->link, sizeof(entry->link), "%s", link);
		entry->link_inode = own->st_ino;
		entry->node_inode = node->st_ino;
		entry->since = now();
		entry->printed = 0;
		false_names++;
	}
	entry->seen = 1;
	lasted = now() - entry->since;
	longest = lasted > longest ? lasted : longest;
	if (lasted < limit || entry->printed)
		return;
	entry->printed = 1;
	wrong_names++;
	printf("wrong: %s leads to %s for %.0f seconds\n", link, target, lasted);
}

/* Whether the number is that of a VFIO device or of a group. */
static int is_vfio(dev_t number)
{
	char path[64], target[1024];
	const char *class;
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/subsystem", major(number), minor(number));
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return 0;
	target[length] = '\0';
	class = strrchr(target, '/') + 1;
	return !strcmp(class, "vfio-dev") || !strcmp(class, "vfio");
}

static void judge_name(const char *link)
{
	const char *name = link + strlen("/dev/vfio/"), *node;
	char target[1024], address[64] = "";
	struct stat before, after, first, second;
	int is_group = !strncmp(name, "groups/", 7), is_right;
	ssize_t length;

	if (lstat(link, &before) < 0 || stat(link, &first) < 0 || !S_ISCHR(first.st_mode))
		return;
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return;
	target[length] = '\0';
	node = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	if (!is_vfio(first.st_rdev))
		return;
	is_right = device_of(is_group ? name + 7 : name, address, sizeof(address)) && is_of(node, is_group, address);
	/* What was read belongs together only if the link and the node are still the same ones. */
	if (lstat(link, &after) < 0 || stat(link, &second) < 0 || before.st_ino != after.st_ino || first.st_ino != second.st_ino)
		return;
	names++;
	if (!is_right)
		is_false(link, &before, &first, target);
}

static void judge_names(const char *path, int depth)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		char below[600];

		if (entry->d_name[0] == '.' || (depth == 0 && !strcmp(entry->d_name, "devices")))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >= (int)sizeof(below))
			continue;
		if (entry->d_type == DT_LNK)
			judge_name(below);
		else if (entry->d_type == DT_DIR && depth < 6)
			judge_names(below, depth + 1);
	}
	if (directory)
		closedir(directory);
}

static int is_allowed(const char *address)
{
	char **argument;

	for (argument = arguments; *argument; argument++)
		if ((*argument)[0] == '+' && !strcmp(*argument + 1, address))
			return 1;
	return 0;
}

/* Whether each device of the group is allowed; the slot's group has none while it is empty. */
static int is_allowed_group(const char *group)
{
	char path[300];
	DIR *directory;
	struct dirent *entry;
	int allowed = 1;

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%.40s/devices", group);
	directory = opendir(path);
	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] != '.' && !is_allowed(entry->d_name))
			allowed = 0;
	if (directory)
		closedir(directory);
	return allowed;
}

static void judge_groups(void)
{
	DIR *directory = opendir("/dev/vfio");
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		struct stat before, after;
		int allowed;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		if (fstatat(dirfd(directory), entry->d_name, &before, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!before.st_uid && !before.st_gid && !(before.st_mode & 07))
			continue;
		allowed = is_allowed_group(entry->d_name);
		if (fstatat(dirfd(directory), entry->d_name, &after, AT_SYMLINK_NOFOLLOW) < 0 || after.st_ino != before.st_ino)
			continue;
		right += allowed;
		wrong_grants += !allowed;
		if (!allowed)
			printf("wrong: the group %s is %u:%u %o\n", entry->d_name, before.st_uid, before.st_gid, before.st_mode & 07777);
	}
	if (directory)
		closedir(directory);
}

int main(int argc, char **argv)
{
	struct falsehood *entry;
	long looks = 0;

	if (argc < 3)
		return 2;
	limit = strtod(argv[2], NULL);
	arguments = argv + 3;
	for (; access(argv[1], F_OK) < 0; looks++) {
		for (entry = falsehoods; entry < falsehoods + most; entry++)
			entry->seen = 0;
		judge_names("/dev/vfio", 0);
		judge_groups();
		for (entry = falsehoods; entry < falsehoods + most; entry++)
			if (!entry->seen)
				entry->link[0] = '\0';
		fflush(stdout);
		usleep(20000);
	}
	printf("%ld looks at %ld names: %ld false for a moment (%.1f seconds at most), %ld wrong; groups: %ld grants right, %ld wrong\n", looks,
	       names, false_names, longest, wrong_names, right, wrong_grants);
	return wrong_names > 0 || wrong_grants > 0 || names == 0;
}
