/* Reference for verify: makes the same system calls for every device. walk DIR */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static char *root;
static long count, wrong;

static ssize_t target_of(const char *path, char *target, size_t size)
{
	ssize_t length = readlink(path, target, size - 1);

	target[length < 0 ? 0 : length] = 0;
	return length;
}

static void check(const char *sysname)
{
	char path[1024], target[512], parent[700], value[64] = "", bus[512];
	unsigned major_number, minor_number;
	struct stat node;
	int fd;

	snprintf(path, sizeof(path), "%s/sys/class/vfio-dev/%s", root, sysname);
	if (target_of(path, target, sizeof(target)) < 0)
		return;
	*strstr(target, "/vfio-dev/") = 0;
	snprintf(parent, sizeof(parent), "%s/sys/%s", root, target + 6);
	snprintf(path, sizeof(path), "%s/subsystem", parent);
	target_of(path, bus, sizeof(bus));
	snprintf(path, sizeof(path), "%s/vfio-dev/%s/dev", parent, sysname);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, value, sizeof(value) - 1) <= 0 || sscanf(value, "%u:%u", &major_number, &minor_number) != 2)
		exit(2);
	close(fd);
	snprintf(path, sizeof(path), "%s/dev/vfio/devices/%s", root, sysname);
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &node) < 0 || node.st_rdev != makedev(major_number, minor_number))
		wrong++;
	close(fd);
	snprintf(path, sizeof(path), "%s/dev/vfio/%s/%s", root, strrchr(bus, '/') + 1, strrchr(parent, '/') + 1);
	target_of(path, target, sizeof(target));
	snprintf(value, sizeof(value), "../devices/%s", sysname);
	wrong += strcmp(target, value) != 0;
	count++;
}

int main(int argc, char **argv)
{
	char path[1024];
	struct dirent *entry;
	DIR *directory;

	root = argc > 1 ? argv[1] : "";
	snprintf(path, sizeof(path), "%s/dev/vfio/pci", root);
	directory = opendir(path);
	while (directory && readdir(directory))
		;
	if (directory)
		closedir(directory);
	snprintf(path, sizeof(path), "%s/sys/class/vfio-dev", root);
	directory = opendir(path);
	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			check(entry->d_name);
	printf("%ld devices, %ld wrong\n", count, wrong);
	return wrong > 0;
}
