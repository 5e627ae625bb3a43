// SPDX-License-Identifier: BSD-3-Clause
/*
 * The same of messages (virtio 1.4, 5.13.6.5, flag MMIO): a doorbell that was rung once is not rung when its
 * mapping, or bypass, has ended. A VMM may keep the way of a message apart from that of data.
 *
 * An interrupt controller has few interrupts, and none is given back: 64 on some machines. A cell takes two
 * of them, so that not all words of stale_memory.c are tried here. One and the same message is seen again and
 * again where it goes to memory: then its table entry is left alone, whatever else ends.
 */
#include "driver/message.h"
#include "driver/reserved.h"
#include "driver/iova.h"
#include "judge/steps/mapping.h"
#include "pci/pci.h"
#include "tests/stale/end.h"
#include "util.h"

enum { DOOR = SHARED_DIMENSIONS, DIMENSIONS };
enum { DOOR_CONTROLLER, DOOR_MEMORY };

static const char *const doors[] = {"to the controller", "to memory"};

#define UNMAP_WAYS (BIT(UNMAP_EACH) | BIT(UNMAP_SPACE_RINGS))
#define OTHER_WAYS                                                                                \
	(BIT(MAP_ELSEWHERE) | BIT(DETACH_RINGS) | BIT(DETACH_SAME_ID) |                           \
	 BIT(LEAVE_BYPASS_RINGS) | BIT(MOVE_RINGS) | BIT(MOVE_BACK) | BIT(MOVE_KIND_RINGS) |      \
	 BIT(CONFIG_RINGS))

static uint64_t page_of(uint64_t address)
{
	return align_down(address, iommu.page);
}

static bool in_msi_region(uint64_t address)
{
	const struct reserved_region *r;

	for (unsigned int i = 0; (r = reserved_region(i)); i++)
		if (r->subtype == RESV_MSI && address >= r->start && address <= r->end)
			return true;
	return false;
}

/* Messages that need no translation go on whatever ends. */
static const char *kind_unmet(unsigned int kind)
{
	static struct msi_message message;

	if (kind == KIND_NORMAL)
		return NULL;
	if (!iommu_offers(VIRTIO_IOMMU_F_PROBE))
		return "needs feature PROBE, to know whether the doorbell lies in an MSI region";
	if (!message.address && !msi_alloc(&message, pci_requester_id(endpoint(0)->place.pci)))
		return "the interrupt controller has no message left";
	return in_msi_region(message.address) ? "the doorbell lies in an MSI region" : stale_kind_unmet(kind);
}

static const struct dimension dimensions[DIMENSIONS] = {
	[WAY] = {"ended by", stale_way_words, WAYS, stale_way_unmet},
	[KIND] = {"domain", stale_kinds, KINDS, kind_unmet},
	[WHO] = {"who", stale_whos, WHOS, stale_who_unmet},
	[DOOR] = {"messages", doors, ARRAY_SIZE(doors), NULL},
};

static const struct product_rule rules[] = {
	STALE_RULES,
	{{{WHO, BIT(WHO_FIRST) | BIT(WHO_SECOND)}, {DOOR, BIT(DOOR_CONTROLLER)}}, "interrupts are few"},
	{{{WHO, STAYS}}, "interrupts are few"},
};

/* What sends, and the doorbell as it sees it. */
struct sender {
	struct scene s;
	const struct msix *msix;
	struct msi_message message;	/* as the controller wants it, or of @word */
	volatile uint32_t *word;	/* in memory; NULL: the controller's doorbell */
	struct msi_message sent;	/* what the table entry has */
	uint64_t door;			/* in a normal domain: one page */
};

/* In each byte other than memory that is new. */
#define WORD_DATA 0x5a694b3c

/* One to memory can be seen any number of times. */
static bool has_message(struct sender *m)
{
	if (m->word || msi_alloc(&m->message, pci_requester_id(m->s.who->place.pci)))
		return true;
	skip("the interrupt controller has no message left");
	return false;
}

static bool make_sender(struct sender *m, const cell_t cell)
{
	struct scene *s = &m->s;

	*m = (struct sender){.s = scene_of(cell, cell[WAY])};
	if (!s->who->dma.ops->exact || !has_msix(s->who->place.pci)) {
		skip("the member that tries sends no messages");
		return false;
	}
	m->door = iova_window(1);
	if (cell[DOOR] == DOOR_MEMORY) {
		m->word = arena_alloc(iommu.page, iommu.page);
		m->message = (struct msi_message){.address = phys((void *)m->word), .data = WORD_DATA};
	}
	return has_message(m);
}

/* In the words of ends: one range, whose memory is the doorbell's page. */
static void make_range(struct sender *m)
{
	struct scene *s = &m->s;

	s->count = s->chunks = 1;
	s->size = s->stride = iommu.page;
	s->iova = m->door;
	s->memory = (uint8_t *)page_of(m->message.address);
	s->other = arena_alloc(iommu.page, iommu.page);
}

static bool map_door(struct source_line at, const struct sender *m, uint32_t domain)
{
	uint32_t flags = iommu_offers(VIRTIO_IOMMU_F_MMIO) && !m->word ? MAP_RW | MAP_MMIO : MAP_RW;
	struct reply reply = map(domain, m->door, m->door + iommu.page - 1, page_of(m->message.address),
				 flags);

	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

static bool unmap_door(struct source_line at, const struct sender *m)
{
	struct reply reply = unmap_page(m->s.now, m->door);

	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

/* Where @who sends a message to, before the end and, as far as it has kept it, behind it. */
static uint64_t door_address(const struct sender *m, bool translated)
{
	uint64_t offset = m->message.address - page_of(m->message.address);

	return translated ? m->door + offset : m->message.address;
}

/* A device may look at its table entry only when that is written. */
static void set_entry(struct sender *m, uint64_t address)
{
	if (m->sent.address == address && m->sent.data == m->message.data)
		return;
	m->sent = m->message;
	m->sent.address = address;
	msix_set(m->msix, 0, &m->sent);
}

/* The report of a message that was blocked says nothing about them. */
static bool reaches_rings(struct endpoint *ep, uint64_t timeout_us)
{
	ep->dma.timeout_us = timeout_us;
	ep->dma.fault_reported = NULL;
	return dma_write(&ep->dma, 0, 0) == DMA_DONE;
}

/* The endpoint sends the message when it has used a buffer: that needs no more than its rings. */
static bool send_to(struct sender *m, uint64_t address, uint64_t timeout_us)
{
	set_entry(m, address);
	if (m->word)
		*m->word = 0;
	return reaches_rings(m->s.who, timeout_us);
}

static bool comes(const struct sender *m)
{
	return m->word ? word_comes(m->word, m->message.data) : message_comes(&m->message);
}

static bool stays_away(const struct sender *m, uint16_t events)
{
	return m->word ? word_stays_away(m->word, m->message.data, events) :
			 message_stays_away(&m->message, events);
}

static bool expect_message(struct source_line at, struct sender *m, uint64_t address)
{
	if (!send_to(m, address, REPLY_TIMEOUT_US))
		judge(VERDICT_FAIL, at, "the endpoint reaches its rings", "endpoint %#x does not",
		      m->s.who->id);
	else if (!comes(m))
		judge(BY_LEVEL, at, "the message arrives", "nothing at %#lx after a message to %#lx",
		      m->message.address, address);
	else
		return true;
	return false;
}

static bool expect_no_message(struct source_line at, struct sender *m, uint64_t address)
{
	uint16_t events = event_count();

	send_to(m, address, m->s.rings ? REPLY_TIMEOUT_US : quiet_us(m->s.who));
	if (stays_away(m, events))
		return true;
	judge(VERDICT_FAIL, at, "the message is blocked", "a message to %#lx arrived", address);
	return false;
}

/* Messages may reach nothing but the controller: then none to memory comes to begin with. */
static bool first_message_comes(struct source_line at, struct sender *m)
{
	uint64_t address = door_address(m, m->s.kind == KIND_NORMAL);

	if (!m->word)
		return expect_message(at, m, address);
	if (send_to(m, address, REPLY_TIMEOUT_US) && comes(m))
		return true;
	skip("no message of the endpoint arrives in memory");
	return false;
}

/* The first access is without messages, for it may take a device several ones. */
static bool begin(struct source_line at, struct sender *m, unsigned int who)
{
	struct scene *s = &m->s;

	make_range(m);
	if (!scene_attach(at, s, who) || (s->kind == KIND_NORMAL && !map_door(at, m, s->domain)) ||
	    !scene_attach_later(at, s, who))
		return false;
	if (!reaches_rings(s->who, REPLY_TIMEOUT_US))
		judge(VERDICT_FAIL, at, "the endpoint reaches its rings", "endpoint %#x does not",
		      s->who->id);
	m->msix = messages_on(s->who->place.pci);
	dma_stop(&s->who->dma);
	s->who->dma.messages = true;
	return m->msix && first_message_comes(at, m);
}

static void play(struct source_line at, const cell_t cell)
{
	struct sender m;
	struct scene *s = &m.s;

	if (!make_sender(&m, cell) || !scene_prepare(at, s) || !begin(at, &m, cell[WHO]) ||
	    !scene_end(at, s) || !scene_approach(at, s) || !has_message(&m) ||
	    !expect_no_message(at, &m, door_address(&m, s->kind == KIND_NORMAL)) || !scene_return(at, s))
		return;
	if ((s->end != END_MAP_ELSEWHERE || unmap_door(at, &m)) && map_door(at, &m, s->now))
		expect_message(at, &m, door_address(&m, true));
}

static const struct product stale_messages = {
	.name = "stale messages",
	.dimensions = dimensions,
	.dimension_count = DIMENSIONS,
	RULE_TABLE(rules),
	.play = play,
};

/* N-MAP-6 (no keyword): MMIO mapping makes an MSI doorbell usable */
TEST(N_MAP_6, nothing_stale_after_the_end_of_a_doorbell, NEEDS_DMA | NEEDS_MESSAGES)
{
	PRODUCT(&stale_messages, WAY, OTHER_WAYS);
}

/* DEV-UNMAP-7 (SHOULD): Uncovered gaps are fine: everything covered is removed and status is OK */
TEST(DEV_UNMAP_7, nothing_stale_of_a_doorbell_after_unmap, NEEDS_DMA | NEEDS_MESSAGES)
{
	PRODUCT(&stale_messages, WAY, UNMAP_WAYS);
}

/* N-RST-1 (ISOLATION): After device reset no endpoint is attached */
TEST(N_RST_1, nothing_stale_of_a_doorbell_after_a_reset, NEEDS_DMA | NEEDS_MESSAGES)
{
	PRODUCT(&stale_messages, WAY, BIT(RESET_RINGS) | BIT(RESET_SAME_ID));
}
