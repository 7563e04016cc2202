/* Reference for the start of a program: prints one line. */
#include <stdio.h>

int main(void)
{
	puts("vfio-names");
	return 0;
}
