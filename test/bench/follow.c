/*
 * Reference for `watch`: creates and removes links on inotify events of nodes, one at a time, from a correct state. PCI
 * only, without policy or repair. follow DIR: prints `watching` when it is ready, ends at end of standard input.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static const char *root;
static char names[1 << 16][64];

static void follow(const char *sysname)
{
	char path[1024], target[512], *end;
	unsigned number;
	ssize_t length;

	if (sscanf(sysname, "vfio%u", &number) != 1 || number >= 1 << 16)
		return;
	snprintf(path, sizeof(path), "%s/sys/class/vfio-dev/%s", root, sysname);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0) {
		snprintf(path, sizeof(path), "%s/dev/vfio/pci/%s", root, names[number]);
		if (names[number][0])
			unlink(path);
		names[number][0] = 0;
		return;
	}
	target[length] = 0;
	end = strstr(target, "/vfio-dev/vfio");
	if (!end)
		return;
	*end = 0;
	snprintf(names[number], sizeof(names[number]), "%s", strrchr(target, '/') + 1);
	snprintf(path, sizeof(path), "%s/dev/vfio/pci/%s", root, names[number]);
	snprintf(target, sizeof(target), "../devices/%s", sysname);
	symlink(target, path);
}

int main(int argc, char **argv)
{
	static char buffer[1 << 16] __attribute__((aligned(8)));
	struct pollfd waits[2] = { { .fd = 0, .events = POLLIN }, { .events = POLLIN } };
	char path[1024];
	ssize_t length;

	if (argc != 2)
		return 2;
	root = argv[1];
	snprintf(path, sizeof(path), "%s/dev/vfio/devices", root);
	waits[1].fd = inotify_init();
	if (inotify_add_watch(waits[1].fd, path, IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM) < 0)
		return 1;
	puts("watching");
	fflush(stdout);
	while (poll(waits, 2, -1) > 0 && !waits[0].revents) {
		length = read(waits[1].fd, buffer, sizeof(buffer));
		for (char *at = buffer; at < buffer + length;) {
			struct inotify_event *event = (struct inotify_event *)at;

			follow(event->name);
			at += sizeof(*event) + event->len;
		}
	}
	return 0;
}
