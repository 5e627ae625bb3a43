// SPDX-License-Identifier: BSD-3-Clause
/*
 * Runs a target over files: replay FILE ... With nobody to make new inputs, no fuzzer is needed.
 */
#include "fuzz.h"

enum { MOST = 1 << 20 };

static void replay(const char *path)
{
	uint8_t *bytes = malloc(MOST);
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file) {
		perror(path);
		exit(2);
	}
	size = fread(bytes, 1, MOST, file);
	fclose(file);
	bytes = realloc(bytes, size ? size : 1);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	fprintf(stderr, "check-fuzz: %s: %d inputs\n", argv[0], argc - 1);
	return 0;
}
