/* Reference for a first sync: creates every default link under a temporary name and renames it. link DIR */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int last_of_link(const char *path, char *target, size_t size, char **last)
{
	ssize_t length = readlink(path, target, size - 1);

	if (length < 0)
		return -1;
	target[length] = 0;
	*last = strrchr(target, '/') + 1;
	return 0;
}

int main(int argc, char **argv)
{
	char path[1024], target[512], bus[512], name[512], part[1100], *last;
	struct dirent *entry;
	DIR *class;

	if (argc != 2)
		return 2;
	snprintf(path, sizeof(path), "%s/sys/class/vfio-dev", argv[1]);
	class = opendir(path);
	if (!class)
		return 1;
	while ((entry = readdir(class))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/sys/class/vfio-dev/%s", argv[1], entry->d_name);
		if (last_of_link(path, target, sizeof(target), &last))
			return 1;
		*strstr(target, "/vfio-dev/") = 0;
		snprintf(path, sizeof(path), "%s/sys/%s/subsystem", argv[1], target + 6);
		if (last_of_link(path, bus, sizeof(bus), &last))
			return 1;
		snprintf(path, sizeof(path), "%s/dev/vfio/%s", argv[1], last);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return 1;
		snprintf(path, sizeof(path), "%s/dev/vfio/%s/%s", argv[1], last, strrchr(target, '/') + 1);
		snprintf(part, sizeof(part), "%s.part", path);
		snprintf(name, sizeof(name), "../devices/%s", entry->d_name);
		if (symlink(name, part) < 0 || rename(part, path) < 0)
			return 1;
	}
	return 0;
}
