/*
 * Watches which device nodes a user other than root may open, and checks that each is the node of a device that the policy
 * names. Independent of the project: it reads sysfs itself.
 *
 *   grants STOP ADDRESS...   until the file STOP exists; prints the counts; status 1 if another node was opened to a user,
 *                            or none at all
 *
 * The node of a device is in /dev after its directory is in sysfs, and is removed before it (device_add() and device_del()
 * in drivers/base/core.c). So if the same inode is at the path before and after the link in sysfs was read, then the link
 * names the device of that inode.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NODES "/dev/vfio/devices"

static int is_open_to_users(const struct stat *node)
{
	return node->st_uid != 0 || node->st_gid != 0 || (node->st_mode & 07) != 0;
}

/* Sets `address` to the device of vfioN; 0 if sysfs has none. */
static int read_address(const char *name, char *address, size_t size)
{
	char path[600], target[1024];
	char *end, *start;
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/class/vfio-dev/%s", name);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return 0;
	target[length] = '\0';
	end = strstr(target, "/vfio-dev/");
	if (!end)
		return 0;
	*end = '\0';
	start = strrchr(target, '/');
	snprintf(address, size, "%.255s", start ? start + 1 : target);
	return 1;
}

static int is_named(const char *address, char **named)
{
	for (; *named; named++)
		if (!strcmp(*named, address))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	long right = 0, wrong = 0, looks = 0;

	if (argc < 3)
		return 2;
	for (; access(argv[1], F_OK) < 0; looks++) {
		DIR *directory = opendir(NODES);
		struct dirent *entry;

		while (directory && (entry = readdir(directory))) {
			struct stat before, after;
			char address[256];

			if (entry->d_name[0] == '.' || fstatat(dirfd(directory), entry->d_name, &before, AT_SYMLINK_NOFOLLOW) < 0)
				continue;
			if (!is_open_to_users(&before) || !read_address(entry->d_name, address, sizeof(address)))
				continue;
			if (fstatat(dirfd(directory), entry->d_name, &after, AT_SYMLINK_NOFOLLOW) < 0 || after.st_ino != before.st_ino)
				continue;
			if (is_named(address, argv + 2)) {
				right++;
			} else {
				wrong++;
				printf("wrong: %s of %s is %u:%u %o\n", entry->d_name, address, before.st_uid, before.st_gid, before.st_mode & 07777);
			}
		}
		if (directory)
			closedir(directory);
	}
	printf("%ld looks: %ld grants right, %ld wrong\n", looks, right, wrong);
	return wrong > 0 || right == 0;
}
