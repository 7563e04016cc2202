/* Opens /dev/null COUNT times, prints `open`, and waits for end of standard input: open-many COUNT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 0;
	struct rlimit limit = { count + 16, count + 16 };
	char end;

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 2;
	for (long i = 0; i < count; i++)
		if (open("/dev/null", O_RDONLY) < 0)
			return 2;
	puts("open");
	fflush(stdout);
	while (read(0, &end, 1) > 0)
		;
	return 0;
}
