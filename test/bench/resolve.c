/* Reference for resolve: reads sysfs, opens the node, compares the numbers, reads sysfs again. resolve ROOT ADDRESS */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int devnum_of(const char *path, dev_t *devnum)
{
	unsigned major_number, minor_number;
	char value[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC), good;

	good = fd >= 0 && read(fd, value, sizeof(value) - 1) > 0 &&
	       sscanf(value, "%u:%u", &major_number, &minor_number) == 2;
	if (fd >= 0)
		close(fd);
	*devnum = makedev(major_number, minor_number);
	return good;
}

int main(int argc, char **argv)
{
	char path[1024], node[512];
	struct dirent *entry;
	struct stat status;
	dev_t first, second;
	DIR *directory;
	int fd;

	if (argc != 3)
		return 2;
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/vfio-dev", argv[1], argv[2]);
	directory = opendir(path);
	while (directory && (entry = readdir(directory)) && entry->d_name[0] == '.')
		;
	if (!directory || !entry)
		return 3;
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/vfio-dev/%s/dev", argv[1], argv[2], entry->d_name);
	snprintf(node, sizeof(node), "%s/dev/vfio/devices/%s", argv[1], entry->d_name);
	fd = open(node, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !devnum_of(path, &first) || fstat(fd, &status) < 0 || status.st_rdev != first ||
	    !devnum_of(path, &second) || second != first)
		return 1;
	puts(node);
	return 0;
}
