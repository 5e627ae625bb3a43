// SPDX-License-Identifier: BSD-3-Clause
/*
 * Defaults of the sanitizers' run-time libraries. There is no heap that could leak; signals are
 * left to signals.c.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:"
	       "handle_abort=0";
}

const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}
