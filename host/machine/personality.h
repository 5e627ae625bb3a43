/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ways to be a right virtio-iommu: where the standard leaves something open, each way must be green.
 */
#ifndef PERSONALITY_H
#define PERSONALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "standard/model.h"

#define PERSONALITY_ANSWERS 8
#define FEW_MAPPINGS 24

struct personality {
	const char *name;
	const char *text;	/* what is different from the reference */
	const char *basis;	/* why it is legal: requirement, ambiguity, clause */
	const char *warns;	/* requirements whose SHOULD it does not follow, comma-separated, or NULL */

	/* What the device offers. 0: as the reference has it. */
	uint64_t without, with;		/* features */
	uint64_t page_size_mask;
	uint64_t input_start, input_end;
	uint32_t domain_start, domain_end;
	uint32_t probe_size;
	uint16_t queue_size;

	/* Other answers than the usual ones. */
	struct personality_answer {
		enum model_rule_id rule;
		uint8_t answer;
		bool acts;	/* with its effect, though refused */
	} answers[PERSONALITY_ANSWERS];
	bool no_property_bytes;	/* probe_size is 0, with PROBE */
	bool unknown_properties;	/* and a region with an unknown subtype */
	bool own_regions;	/* each region is that of one endpoint only */
	bool last_rule_first;	/* of several rules that apply, the last one in the model's list counts */

	/* Virtio. */
	bool later_standard;		/* features, fields and sizes of one that is not out yet */
	bool unneeded_capabilities;	/* shared memory, vendor data */
	bool slow_queue_reset;
	bool insists;			/* on ACCESS_PLATFORM and ORDER_PLATFORM, where it offers them */
	bool polls;			/* needs no notifications of split queues */

	/* Requests and domains. */
	bool write_implies_read;
	bool tail_where_expected;	/* of a writable part that is too large, not at its end */
	bool attach_again_clears;	/* ATTACH to the own domain is DETACH, then ATTACH */
	bool bad_bypass_breaks;		/* an illegal value of config.bypass calls for a reset */
	bool unparsed_breaks;		/* so does a request that cannot be parsed */
	bool exact_probe;		/* PROBE with more room than probe_size is refused */
	bool checks_memory;		/* MAP to anything but memory is refused */
	bool few_mappings;		/* there is room for FEW_MAPPINGS */
	bool inseparable;		/* all endpoints that are attached are so to one domain */
	bool new_generation;		/* each write to config.bypass is a configuration change */

	/* When requests are handled. */
	bool deferred;		/* not at the notification, but when the CPU waits */
	unsigned int slow;	/* how many times the CPU has to wait until then */
	bool reversed;		/* of several that are there, the last one first */

	/* Faults. */
	bool no_events;
	bool half_events;	/* every second one is dropped */
	bool patient_events;	/* kept until there is a buffer, not dropped */
	bool late_events;	/* do not come before the CPU waits */
	bool no_addresses;	/* reports leave out the address */
	bool no_directions;	/* and whether it was a read or a write */
	bool no_reasons;	/* reason UNKNOWN for all */
	bool merged_events;	/* one that is like the last one is not reported */

	bool device_tree;	/* what describes the machine, in place of ACPI tables */

	/* Endpoints. */
	bool silent_endpoints;	/* do not say that an access was blocked */
	unsigned int slow_endpoints;	/* how many times the CPU has to wait for a disk */
	bool looks_ahead;	/* translate all of an access before the first byte is moved */
};

/* The one in force. */
extern const struct personality *personality;

/* Put one in force. Returns false if there is none of this name. */
bool personality_use(const char *name);

/* Print all to stdout, one in a line: name, SHOULDs not followed, basis, text, separated by tabs. */
void personality_list(void);

#endif
