/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steps that many tests share.
 */
#ifndef STEPS_H
#define STEPS_H

#include "judge/test.h"

/* An attached endpoint and one mapped page, with a free page on either side. */
struct page_fixture {
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;		/* of the mapped page; window of 3 pages around it */
	uint8_t *target;	/* its memory; 3 watched pages around it */
};

/* Attach endpoint(0) to a fresh domain and map one page. For use in REQUIRE(). */
bool map_one_page(struct source_line at, struct page_fixture *s);

/* The same with given permissions. */
bool map_one_page_as(struct source_line at, struct page_fixture *s, uint32_t flags);

/*
 * The endpoint joins its domain anew, which was gone in between. Its private page was mapped there: where
 * that mapping lives on, a new one is refused. False, and the test is judged, if it does not get this far.
 */
bool expect_reattach_empty(struct source_line at, const struct page_fixture *s);

/*
 * What becomes of unattached endpoints: config.bypass is set to @on where that can be done. False
 * if the device is of the other kind for good.
 */
bool set_unattached_bypass(bool on);

/* The endpoint, not attached or in a bypass domain, reaches memory at its own address. */
void expect_identity(struct source_line at, struct endpoint *ep);

/* Without a domain the endpoint reaches nothing; it is alive, if the device is up to show that. */
void expect_blocked(struct source_line at, struct endpoint *ep);

/* Which of the two holds is what config.bypass says, or BYPASS where there is no such field. */
void expect_unattached(struct source_line at, struct endpoint *ep);

/*
 * The endpoint is alive: in a domain of its own it reaches what is mapped for it. Here it can tell,
 * too, whether it has read the 8 bytes at @secret (or NULL), which it could not before.
 */
void require_alive(struct source_line at, struct endpoint *ep, const void *secret);

/* All that the device insists on, by the text or because it may (6.2). */
#define LEAST_FEATURES                                                                            \
	(iommu.offered & (VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |                                    \
			  VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) |                              \
			  VIRTIO_FEATURE(VIRTIO_F_ORDER_PLATFORM)))

/* What is accepted by default, but for one bit. */
static inline uint64_t features_without(unsigned int bit)
{
	return iommu.wanted & ~VIRTIO_FEATURE(bit);
}

/*
 * Set-up steps, for use in REQUIRE(): reset the device; bring it up to FEATURES_OK with both queues enabled,
 * or to DRIVER_OK. Without success an error that shows device_status.
 */
bool reset_device(struct source_line at);
bool prepare_device(struct source_line at, uint64_t features);
bool restart_device(struct source_line at, uint64_t features);

/* Enable the request queue with iommu.requests, which ring_init() has laid out. Else an error. */
bool enable_requests(struct source_line at);

/* A device may ask for a reset after what it must not be sent: restart_device(), if it does. */
bool restart_if_needs_reset(struct source_line at, uint64_t features);

/*
 * UNMAP in a domain that does not exist gives NOENT (DEV-UNMAP-3), which is no MUST: what this device
 * says of one that never was is as good.
 */
#define EXPECT_NO_DOMAIN(domain) expect_no_domain(AT, domain)
bool expect_no_domain(struct source_line at, uint32_t domain);

/*
 * ATTACH to a domain that has a member already, or of an endpoint that has a domain already: a
 * device may refuse both with UNSUPP (DEV-ATTACH-4, -9), and the test is skipped.
 */
#define SHARE(ep, domain) ATTACH_OR_SKIP(ep, domain, "the device does not let endpoints share a domain")
#define MOVE(ep, domain) ATTACH_OR_SKIP(ep, domain, "the device does not move endpoints")
#define ATTACH_OR_SKIP(ep, domain, reason)                                                        \
	do {                                                                                      \
		if (!attach_or_skip(AT, ep, domain, reason))                                      \
			return;                                                                   \
	} while (0)
bool attach_or_skip(struct source_line at, const struct endpoint *ep, uint32_t domain, const char *reason);

/* Ids that share bits with @id. False past the last one. */
bool alias_id(uint32_t id, unsigned int index, uint32_t *alias);

/* The short form of EXPECT(), where one number says what was seen. */
void expect_good(struct source_line at, bool good, const char *expected, uint64_t seen);

/* A copy of a request in the descriptors of the request queue; published, but not notified. */
void queue_raw(const void *request, uint32_t size, struct request_tail *tail);

/*
 * A request in the descriptors of the request queue that changes nothing: DETACH of an endpoint that
 * does not exist. To be published. Returns its head, -1 if the ring is full.
 */
int queue_noop(void);

/* Wait for the next buffer of the request queue, that of queue_noop(). */
bool wait_request_used(uint64_t microseconds);

/*
 * The same request at an address of the test's own, with its tail; in arena memory. noop_pieces()
 * describes it in two descriptors.
 */
struct noop_request {
	struct detach_request *request;
	struct request_tail *tail;
};

struct noop_request noop_request(void);

/* What the device answers to it, once and for all. Without: NOENT, as it should be. */
void noop_learn_status(void);
void noop_pieces(const struct noop_request *h, struct ring_piece pieces[2]);

/* Make the buffer @id with it available, alone. Whether it comes back with the right status. */
bool noop_answered(int id, const struct noop_request *h);

/* Interrupts of the IOMMU since the last call, as its transport shows them. */
uint8_t take_interrupts(void);

/* A request at an address of its own in two descriptors comes back with the right status. */
bool request_queue_works(void);

/* Whether it shows a used buffer notification within a time. */
bool interrupt_seen(uint64_t microseconds);

/* How long a notification that is due may take. */
#define INTERRUPT_US 100000

/* How long a device is watched that has nothing to do. */
#define QUIET_US 5000

/* Whether nothing more than the @pending buffers of the ring is used for that long. */
bool ring_stays_idle(const struct ring *ring, uint16_t pending);

/* Mapped and unmapped in one breath: MAP, then UNMAP, both OK. False and no verdict otherwise. */
bool can_map(uint32_t domain, uint64_t iova, uint64_t size, const void *target);

/*
 * MAP requests, as many in flight at a time as the queue takes, in whatever order the device does them.
 * The status of the first that is not OK; 0xff if one does not come back.
 */
uint8_t map_batch(const struct map_request *requests, unsigned int count);

#endif
