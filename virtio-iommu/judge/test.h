/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a test is declared and how it judges. docs/writing-tests.md leads through it.
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
#include "judge/effect.h"
#include "memory.h"
#include "time.h"

/*
 * What the standard's keyword asks for. ISOLATION: text without a keyword that says what DMA cannot
 * reach. NONE: other text without a keyword. DRIVER: any keyword, and it binds the driver; no text says what
 * a device has to do when it is broken.
 */
enum level { LEVEL_NONE, LEVEL_MAY, LEVEL_DRIVER, LEVEL_SHOULD, LEVEL_MUST, LEVEL_ISOLATION };

#include "requirements.h"

/* From mild to severe; the worst one of a test stands. */
enum verdict {
	VERDICT_PASS,
	VERDICT_INFO,	/* the text leaves it open: which way the device went */
	VERDICT_SKIP,	/* the requirement's condition does not hold here */
	VERDICT_WARN,	/* a SHOULD is not followed */
	VERDICT_FAIL,	/* a MUST or the isolation is broken, or the device died */
	VERDICT_ERROR,	/* the suite or its environment went wrong */
	/*
	 * For judge(): what a broken expectation means under the level of the test's requirement: a fail
	 * for a MUST or isolation, else a warn. What breaks a MUST of another requirement is VERDICT_FAIL.
	 */
	BY_LEVEL,
};

/* Conditions of a test. Each has its check and its words in needs.c. */
enum {
	NEEDS_NOTHING = 0,
	NEEDS_ENDPOINT = 1 << 0,	/* a DMA master behind the IOMMU, byte-exact if there is one */
	NEEDS_TWO_ENDPOINTS = 1 << 1,	/* a second master that writes when it is told to */
	NEEDS_MAP_UNMAP = 1 << 2,
	NEEDS_PROBE = 1 << 3,
	NEEDS_BYPASS_CONFIG = 1 << 4,
	NEEDS_RESERVED_REGION = 1 << 5,
	NEEDS_BOOT_BYPASS_ON = 1 << 6,	/* bypass is 1 before any write */
	NEEDS_BOOT_BYPASS_OFF = 1 << 7,
	NEEDS_EDU = 1 << 8,		/* QEMU's edu device behind the IOMMU */
	NEEDS_RNG = 1 << 9,		/* a virtio-rng behind the IOMMU */
	NEEDS_BRIDGED_ENDPOINT = 1 << 10,	/* an exact master that is not on bus 0 */
	NEEDS_DOMAIN_RANGE = 1 << 11,
	NEEDS_INPUT_RANGE = 1 << 12,
	NEEDS_MMIO_FLAG = 1 << 13,
	NEEDS_NO_MMIO_FLAG = 1 << 14,
	NEEDS_NO_PROBE = 1 << 15,
	NEEDS_VIOT = 1 << 16,		/* ACPI describes the IOMMU */
	NEEDS_FDT = 1 << 17,		/* a device tree does */
	NEEDS_OUTSIDE = 1 << 18,	/* an exact master that no table puts behind the IOMMU */
	NEEDS_MESSAGES = 1 << 19,	/* an exact master with MSI-X, and a controller for messages */
	NEEDS_MSIX = 1 << 20,		/* of the IOMMU, and a controller for messages */
	NEEDS_MACHINE_RESET = 1 << 21,	/* the machine may be reset and comes back */
	NEEDS_SPLIT = 1 << 24,		/* ring format and features that the run asks for */
	NEEDS_PACKED = 1 << 25,
	NEEDS_INDIRECT = 1 << 26,
	NEEDS_EVENT_IDX = 1 << 27,
	NEEDS_NO_EVENT_IDX = 1 << 28,
	NEEDS_IN_ORDER = 1 << 29,
	NEEDS_PCI = 1 << 22,		/* the IOMMU itself */
	NEEDS_MMIO = 1 << 23,		/* the same on virtio-mmio */
	NEEDS_RING_RESET = 1 << 30,	/* offered, whether the run has it or not */
	NEEDS_SUSPEND = 1u << 31,
	NEEDS_HOSTILE = 1ull << 32,	/* the run is there to break rules */
	NEEDS_CONSOLE = 1ull << 33,	/* a virtio-console behind the IOMMU */
	NEEDS_NET = 1ull << 34,		/* a virtio-net behind the IOMMU */
	NEEDS_EXACT = 1ull << 35,	/* a master that reads and writes what the test chooses */
};

/* One endpoint that can do DMA, and mappings: what most tests need. */
#define NEEDS_DMA (NEEDS_ENDPOINT | NEEDS_MAP_UNMAP)

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
			#requirement_ "\t" #name_ "\t" #needs_ "\t" AT "\n";                      \
	static void run_##requirement_##_##name_(void)

_Static_assert(sizeof(struct test) == 24, "no gap between two declarations");

#define TEST_TEXT_(x) #x
#define TEST_TEXT(x) TEST_TEXT_(x)

/* Where an expectation stands; the build shortens the file to its name in virtio-iommu/tests/. */
#define AT __FILE__ ":" TEST_TEXT(__LINE__)

/*
 * Record a verdict for the running test, with what was expected and what was seen. The first of
 * the worst ones stands.
 */
void judge(enum verdict verdict, const char *at, const char *expected, const char *actual, ...)
	__attribute__((format(printf, 4, 5)));

/* The running test cannot be judged, because @reason does not hold. */
void skip(const char *at, const char *reason, ...) __attribute__((format(printf, 2, 3)));

/* Like skip(), for a helper that cannot leave the test: what the test says from now on does not count. */
void skip_rest(const char *reason);

/* Return a domain id as take_domain() does. If there is none left, the rest of the test is skipped. */
uint32_t fresh_domain(void);

/* True while nothing worse than an info was recorded for the running test. */
bool no_defect_so_far(void);

/* Any statement: @expected is the text's demand, the rest says in printf form what was seen. */
#define EXPECT(condition, expected, ...)                                                          \
	do {                                                                                      \
		if (!(condition))                                                                 \
			judge(BY_LEVEL, AT, expected, __VA_ARGS__);                               \
	} while (0)

/* A set-up step. If it fails, nothing can be said about the requirement: error, and leave. */
#define REQUIRE(condition)                                                                        \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			judge(VERDICT_ERROR, AT, #condition, "it did not work");                  \
			return;                                                                   \
		}                                                                                 \
	} while (0)

/* Which of several legal ways the device went. */
#define INFO(...) judge(VERDICT_INFO, AT, "either way is legal", __VA_ARGS__)

#define SKIP(...)                                                                                 \
	do {                                                                                      \
		skip(AT, __VA_ARGS__);                                                            \
		return;                                                                           \
	} while (0)

/* Replies. The status counts only if the used length covers it. Each yields whether it held. */
#define EXPECT_STATUS(reply, expected) expect_status(AT, BY_LEVEL, &(reply), expected)
#define EXPECT_OK(reply) EXPECT_STATUS(reply, STATUS_OK)

/* The same for steps of a set-up: `REQUIRE_OK(map(...));` */
#define REQUIRE_OK(call)                                                                          \
	do {                                                                                      \
		struct reply reply_ = call;                                                       \
                                                                                                  \
		if (!expect_status(AT, VERDICT_ERROR, &reply_, STATUS_OK))           \
			return;                                                                   \
	} while (0)

bool expect_status(const char *at, enum verdict otherwise, const struct reply *reply,
		   uint8_t status);
bool expect_unwritten(const char *at, const struct reply *reply);

/* Effects of DMA (effect.h). A control is a set-up step: it must work for the rest to mean anything. */
#define EXPECT_WRITES(ep, iova, target, size) expect_writes(AT, BY_LEVEL, ep, iova, target, size)
#define EXPECT_READS(ep, iova, source, size) expect_reads(AT, BY_LEVEL, ep, iova, source, size)
#define EXPECT_WRITE_BLOCKED(ep, iova, size) expect_write_blocked(AT, ep, iova, size)
#define EXPECT_READ_BLOCKED(ep, iova, secret, size) expect_read_blocked(AT, ep, iova, secret, size)

/* Of a write of @size bytes nothing lands but, at most, the first @allowed ones at @target. */
#define EXPECT_WRITE_STAYS_IN(ep, iova, size, target, allowed)                                    \
	expect_write_stays_in(AT, ep, iova, size, target, allowed)

#define REQUIRE_WRITES(ep, iova, target, size)                                                    \
	do {                                                                                      \
		if (!expect_writes(AT, VERDICT_ERROR, ep, iova, target, size))      \
			return;                                                                   \
	} while (0)

bool expect_writes(const char *at, enum verdict otherwise, struct endpoint *ep, uint64_t iova,
		   void *target, size_t size);
bool expect_reads(const char *at, enum verdict otherwise, struct endpoint *ep, uint64_t iova,
		  const void *source, size_t size);

/* Nothing that is watched changes; whatever the level, a breach is a fail: isolation is broken. */
bool expect_write_blocked(const char *at, struct endpoint *ep, uint64_t iova, size_t size);

bool expect_write_stays_in(const char *at, struct endpoint *ep, uint64_t iova, size_t size,
			   void *target, size_t allowed);

/* The device does not get to see the bytes at @secret, nor those at guest-physical @iova, if watched. */
bool expect_read_blocked(const char *at, struct endpoint *ep, uint64_t iova, const void *secret,
			 size_t size);

/*
 * An access of several parts (watch.h), each of which gets as far as it may. No byte of a source of reads is
 * 0: filled_pages() are such. A blocked byte that is moved is a fail, whatever the level.
 */
bool expect_write_parts(const char *at, struct endpoint *ep, uint64_t iova, struct access_parts all);
bool expect_read_parts(const char *at, struct endpoint *ep, uint64_t iova, struct access_parts all);

/* Whether the device sees the bytes at @source when it reads @iova. No verdict. */
bool can_read(struct endpoint *ep, uint64_t iova, const void *source, size_t size);

/* ATTACH and make DMA possible, or say in the verdict why not. For use in REQUIRE(). */
bool attach_with_dma(struct endpoint *ep, uint32_t domain);
bool attach_endpoint(struct endpoint *ep, uint32_t domain);	/* ATTACH alone */
bool attach_bypass(struct endpoint *ep, uint32_t domain);

/* DETACH; the endpoint is then addressed by guest-physical addresses again. */
bool detach_endpoint(struct endpoint *ep, uint32_t domain);

/* @ep was attached to @domain by the test itself: map its private page, to make DMA possible. */
bool enable_dma(struct endpoint *ep, uint32_t domain);

/* Run what the command line selects, and print the verdicts. */
struct boot_info;
void run_tests(const struct boot_info *boot);

/* The standard that counts, virtio 1.N: spec=1.N on the command line, else the newest. */
#define SPEC_NEWEST 4
unsigned int spec_minor(void);

/* A number that stands on the command line as KEY=N, or @otherwise. */
uint64_t test_option(const char *key, uint64_t otherwise);

/*
 * One of several cases in a test that may end the VMM is about to begin: prints which, as the words
 * of a command line that does it alone. False: case=NAME on the command line names another one.
 */
bool test_case(const char *name);

/* The same for a case that is drawn by lot, from a seed. */
void test_round(uint64_t seed);

/* NULL if all of @needs hold, else the words for the first that does not. */
const char *unmet_need(uint64_t needs);

#endif
