/*
 * Preloaded into udevd: the first connection to its control socket asks for the credentials of its messages a fifth of a second
 * late, as on a machine with much else to do. In that time udevadm sends its message, without credentials.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	static int is_late;
	int (*next)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
	struct sockaddr_storage peer;
	socklen_t length = sizeof(int), peer_length = sizeof(peer);
	int type = 0;

	if (level == SOL_SOCKET && name == SO_PASSCRED && !is_late &&
	    !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) && type == SOCK_SEQPACKET &&
	    !getpeername(fd, (struct sockaddr *)&peer, &peer_length)) {
		is_late = 1;
		usleep(200000);
	}
	return next(fd, level, name, value, size);
}
