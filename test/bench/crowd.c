/* Starts N processes with nine open files each and keeps them until end of standard input: crowd N */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long count = argc == 2 ? atol(argv[1]) : 0;
	pid_t parent = getpid();
	char byte;

	for (int i = 3; i < 12; i++)
		if (open("/dev/null", O_RDONLY) < 0)
			return 1;
	for (long n = 0; n < count; n++) {
		pid_t child = fork();

		if (child < 0) {
			perror("crowd: fork");
			kill(0, SIGTERM);
			return 1;
		}
		if (child == 0) {
			/* If the parent has ended before prctl, there will be no signal. */
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
				_exit(0);
			pause();
			_exit(0);
		}
	}
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
