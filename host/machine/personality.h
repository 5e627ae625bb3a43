/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ways to be a right virtio-iommu: where the standard leaves something open, each way must be green.
 */
#ifndef PERSONALITY_H
#define PERSONALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "standard/model.h"

#define PERSONALITY_ANSWERS 12
#define PERSONALITY_REGIONS 4

/* What comes of a request to a disk whose data are out of reach. */
enum blocked_data {
	BLOCKED_BREAKS,		/* the disk asks for a reset, or is silent */
	BLOCKED_FAILS,		/* the request fails with IOERR */
	BLOCKED_ZEROES,		/* it is OK: what was to be read is 0, what was to be written is lost */
};

/* Accesses under way, while a request or a write takes away what they go through. */
enum under_way {
	UNDER_WAY_TRANSLATED,	/* when they move bytes: in its own time each finds what is left */
	UNDER_WAY_AWAITED,	/* all that are under way end before */
	UNDER_WAY_CUT_OFF,	/* all that are under way end with it, in what is left */
};

/* What comes of a request or a write that a driver MUST NOT send. */
enum breach {
	BREACH_ANSWERED,	/* an answer, as to any other */
	BREACH_BREAKS,		/* an answer, and the device asks for a reset */
	BREACH_BREAKS_UNUSED,	/* no answer, and the device asks for a reset */
};

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
	uint16_t queue_size, event_queue_size;	/* the latter is the former, if 0 */
	bool undefined_fields;	/* those of features that are not offered hold anything */
	bool short_config;	/* it ends where the fields end that there are */

	/* Reserved regions of all endpoints; those of the set-up that they overlap are left out. */
	struct personality_region {
		uint64_t start, end;	/* inclusive; the list ends with 0, 0 */
		uint8_t subtype;
	} regions[PERSONALITY_REGIONS];
	unsigned int small_regions;	/* how many of a page each, besides */
	bool overlapping_regions;	/* those above may overlap each other, and those of the set-up */
	bool common_regions;		/* no domain maps what is reserved for any endpoint */

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
	bool function_reset;		/* a function level reset */
	bool doubled_capabilities;	/* longer than needed, each behind one that no driver can use */
	bool no_pin;			/* for INTx */
	bool no_intx;			/* nor is Interrupt Status ever set */
	bool no_msix;
	bool one_doorbell;		/* for all queues */
	bool always_notifies;		/* without EVENT_IDX: also when the driver asks for none */
	bool all_features;		/* of the kind of device are accepted, or FEATURES_OK is refused */
	unsigned int notification_us;	/* microseconds from a used buffer to its notification */
	unsigned int reset_us;		/* that a reset of a device takes */
	unsigned int suspend_us;
	unsigned int longest_chain;	/* descriptors of a buffer that the device takes; 0: all */
	unsigned int queue_reset_us;	/* microseconds that the reset of a queue takes */
	bool insists;			/* on ACCESS_PLATFORM and ORDER_PLATFORM, where it offers them */
	bool polls;			/* needs no notifications of split queues */
	bool short_used;		/* the used length covers the status, and not what follows it */
	bool reserved_set;		/* reserved bytes of the tail are not 0 */

	/* Requests and domains. */
	bool write_implies_read;
	bool tail_where_expected;	/* of a writable part that is too large, not at its end */
	bool attach_again_clears;	/* ATTACH to the own domain is DETACH, then ATTACH */
	bool detach_any;		/* DETACH looks at the endpoint only */
	bool bad_bypass_breaks;		/* an illegal value of config.bypass calls for a reset */
	bool unparsed_breaks;		/* so does a request that cannot be parsed */
	bool exact_probe;		/* PROBE with more room than probe_size is refused */
	bool checks_memory;		/* MAP to anything but memory is refused */
	bool checks_domains;		/* each request is refused whose domain is outside of domain_range */
	bool mmio_for_registers;	/* MAP of memory with flag MMIO is refused */
	bool inseparable;		/* all endpoints that are attached are so to one domain */
	bool reset_restores_bypass;	/* a reset of the device brings its initial value back */
	bool new_generation;		/* each write to config.bypass is a configuration change */
	bool no_bypass_sharing;		/* no bypass domain has two endpoints */
	bool no_kind_moving;		/* no endpoint moves between domains of different kinds */
	bool phantoms;			/* some ids of no function are endpoints, too */
	unsigned int most_members;	/* of a domain; 0: no limit, in this and what follows */
	unsigned int most_domains;	/* at a time */
	unsigned int most_mappings;
	uint64_t most_bytes;		/* of all mappings */
	uint64_t longest_mapping;	/* bytes */
	enum breach breach;

	/* When requests are handled: so many microseconds after the notification, all that are there. */
	unsigned int request_us;	/* 0: at the notification. 1: as soon as the CPU waits */
	unsigned int hiccup_us;		/* every eighth time, in place of request_us */
	bool one_by_one;		/* each takes that time */
	bool reversed;			/* of several that are there, the last one first */

	/* Faults. */
	bool no_events;
	bool half_events;	/* every second one is dropped */
	bool patient_events;	/* kept until there is a buffer, not dropped */
	unsigned int event_us;	/* from a fault to its report; 1: when the CPU waits */
	unsigned int event_gap_us;	/* reports that would come sooner after the last one are dropped */
	unsigned int event_batch;	/* reports come when there are so many */
	bool newest_first;	/* of several that wait */
	bool repeated_events;	/* each comes twice */
	bool one_per_attach;	/* of an endpoint only the first after its ATTACH */
	bool mapping_events;	/* none about endpoints without a domain */
	bool write_events;	/* none about reads */
	bool start_event;	/* something of reason UNKNOWN, when the device starts */
	bool fetches_buffers;	/* before there is anything to report, and uses the last one first */
	bool no_addresses;	/* reports leave out the address */
	bool no_directions;	/* and whether it was a read or a write */
	bool no_reasons;	/* reason UNKNOWN for all */
	uint32_t event_flags, event_reserved1;	/* set in reports, though undefined or reserved */
	bool merged_events;	/* one that is like the last one is not reported */

	/* What describes the machine. */
	bool device_tree;	/* in place of ACPI tables */
	bool iommu_node_last;	/* in the VIOT */
	bool ids_are_bdfs;
	bool high_ids;		/* up to the last one that there is */
	bool one_device;	/* endpoints on a root bus are functions of one device */
	bool functions_apart;	/* and each second one is 4 behind the one in front of it */
	bool lone;		/* no function but the endpoints can be attached */

	/* Endpoints. */
	bool silent_endpoints;	/* do not say that an access was blocked */
	enum blocked_data blocked_data;
	unsigned int disk_sectors;	/* 512 bytes each; 0: as few as will do */
	unsigned int access_us;	/* what a disk or rng takes for each request */
	unsigned int first_access_us;	/* for the first one after a reset */
	enum under_way under_way;
	bool looks_ahead;	/* translate all of an access before the first byte is moved */
};

/* The one in force. */
extern const struct personality *personality;

/* Put one in force. Returns false if there is none of this name. */
bool personality_use(const char *name);

/* Print all to stdout, one in a line: name, SHOULDs not followed, basis, text, separated by tabs. */
void personality_list(void);

#endif
