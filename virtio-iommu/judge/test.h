/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a test is declared, and with what it judges. docs/writing-tests.md leads through it.
 *
 * A test judges one requirement of the catalogue. It stands in virtio-iommu/tests/, and nowhere
 * else:
 *
 *	TEST(DEV_ATTACH_1, nonzero_reserved_is_refused, NEEDS_ENDPOINT)
 *	{
 *		...
 *		EXPECT_STATUS(reply, STATUS_INVAL);
 *	}
 */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "judge/accesses.h"
#include "judge/expect.h"
#include "judge/needs.h"
#include "judge/replies.h"
#include "judge/verdict.h"
#include "memory.h"
#include "time.h"
#include "util.h"

/*
 * What the standard's keyword asks for. ISOLATION: text without a keyword that says what DMA cannot
 * reach. PLATFORM: what a VMM promises, and the standard does not speak of. NONE: other text without a
 * keyword. DRIVER: any keyword, and it binds the driver; no text says what a device has to do when it is
 * broken.
 */
enum level {
	LEVEL_NONE, LEVEL_MAY, LEVEL_DRIVER, LEVEL_SHOULD, LEVEL_MUST, LEVEL_ISOLATION, LEVEL_PLATFORM
};

#include "requirements.h"

struct test {
	const char *id;		/* REQUIREMENT/name, the requirement with '_' for '-' */
	uint64_t level : 8;	/* enum level */
	uint64_t since : 8;	/* virtio 1.N is the first to have it */
	uint64_t needs : 48;
	void (*run)(void);
};

/* The linker lays the declarations out as one array; the alignment keeps it free of gaps. */
#define TEST(requirement_, name_, needs_)                                                         \
	static void run_##requirement_##_##name_(void);                                           \
	static const struct test test_##requirement_##_##name_                                    \
		__attribute__((section(".test_table"), used, aligned(8))) = {                     \
			#requirement_ "/" #name_, LEVEL_##requirement_, SINCE_##requirement_,     \
			needs_, run_##requirement_##_##name_,                                     \
	};                                                                                        \
	static const char list_##requirement_##_##name_[]                                         \
		__attribute__((section(".test_list"), used)) =                                    \
			#requirement_ "\t" #name_ "\t" #needs_ "\t" __FILE__                      \
			":" TEST_TEXT(__LINE__) "\n";                                             \
	static void run_##requirement_##_##name_(void)

_Static_assert(sizeof(struct test) == 24, "no gap between two declarations");

#define TEST_TEXT_(x) #x
#define TEST_TEXT(x) TEST_TEXT_(x)

#endif
