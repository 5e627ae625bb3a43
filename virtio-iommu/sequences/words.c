// SPDX-License-Identifier: BSD-3-Clause
/*
 * Steps as words, by one table of fields for both directions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sequences/step.h"
#include "standard/request.h"
#include "util.h"

enum form { FORM_NUMBER, FORM_LONG, FORM_BITS, FORM_ADDRESS, FORM_ATTACH_FLAGS, FORM_MAP_FLAGS };

enum {
	ENDPOINT, ENDPOINT_ID, DOMAIN, VIRT_START, VIRT_END, PHYS_START, ATTACH_FLAGS, MAP_FLAGS, COUNT,
	STRIDE, RESERVED, IOVA, SIZE, FEATURES, VALUE, REPORT, READABLE_FIRST, READABLE_NEXT, WRITABLE_FIRST,
};

static const struct field {
	const char *name;
	enum form form;
	uint8_t offset;
} fields[] = {
	[ENDPOINT] = {"endpoint", FORM_NUMBER, offsetof(struct step, endpoint)},
	[ENDPOINT_ID] = {"endpoint_id", FORM_NUMBER, offsetof(struct step, by_id)},
	[DOMAIN] = {"domain", FORM_NUMBER, offsetof(struct step, domain)},
	[VIRT_START] = {"virt_start", FORM_ADDRESS, offsetof(struct step, start)},
	[VIRT_END] = {"virt_end", FORM_ADDRESS, offsetof(struct step, end)},
	[PHYS_START] = {"phys_start", FORM_ADDRESS, offsetof(struct step, phys)},
	[ATTACH_FLAGS] = {"flags", FORM_ATTACH_FLAGS, offsetof(struct step, flags)},
	[MAP_FLAGS] = {"flags", FORM_MAP_FLAGS, offsetof(struct step, flags)},
	[COUNT] = {"count", FORM_LONG, offsetof(struct step, count)},
	[STRIDE] = {"stride", FORM_LONG, offsetof(struct step, stride)},
	[RESERVED] = {"reserved", FORM_NUMBER, offsetof(struct step, reserved)},
	[IOVA] = {"iova", FORM_ADDRESS, offsetof(struct step, start)},
	[SIZE] = {"size", FORM_LONG, offsetof(struct step, size)},
	[FEATURES] = {"features", FORM_BITS, offsetof(struct step, features)},
	[VALUE] = {"value", FORM_NUMBER, offsetof(struct step, value)},
	[REPORT] = {"report", FORM_NUMBER, offsetof(struct step, report)},
	[READABLE_FIRST] = {"readable_first", FORM_NUMBER, offsetof(struct step, readable_first)},
	[READABLE_NEXT] = {"readable_next", FORM_NUMBER, offsetof(struct step, readable_next)},
	[WRITABLE_FIRST] = {"writable_first", FORM_NUMBER, offsetof(struct step, writable_first)},
};

#define BIT(field) (1u << (field))

static const struct verb {
	const char *name;
	uint32_t always, not_0;	/* fields: BIT(), those that may be left out where they are 0 */
} verbs[STEP_KINDS] = {
	[STEP_ATTACH] = {"ATTACH", BIT(DOMAIN),
			 BIT(ENDPOINT) | BIT(ENDPOINT_ID) | BIT(ATTACH_FLAGS) | BIT(RESERVED)},
	[STEP_DETACH] = {"DETACH", BIT(DOMAIN), BIT(ENDPOINT) | BIT(ENDPOINT_ID) | BIT(RESERVED)},
	[STEP_MAP] = {"MAP", BIT(DOMAIN) | BIT(VIRT_START) | BIT(VIRT_END) | BIT(PHYS_START) | BIT(MAP_FLAGS),
		      BIT(COUNT) | BIT(STRIDE)},
	[STEP_UNMAP] = {"UNMAP", BIT(DOMAIN) | BIT(VIRT_START) | BIT(VIRT_END), BIT(RESERVED)},
	[STEP_PROBE] = {"PROBE", 0, BIT(ENDPOINT) | BIT(ENDPOINT_ID) | BIT(RESERVED)},
	[STEP_BYPASS] = {"bypass", BIT(VALUE), 0},
	[STEP_RESET] = {"reset", 0, BIT(FEATURES) | BIT(SIZE)},
	[STEP_RESET_ENDPOINT] = {"restart", BIT(ENDPOINT), 0},
	[STEP_RESET_FUNCTION] = {"reset_function", BIT(ENDPOINT), 0},
	[STEP_FRAMING] = {"framing", 0, BIT(READABLE_FIRST) | BIT(READABLE_NEXT) | BIT(WRITABLE_FIRST)},
	[STEP_WRITE] = {"write", BIT(ENDPOINT) | BIT(IOVA) | BIT(SIZE), BIT(REPORT)},
	[STEP_READ] = {"read", BIT(ENDPOINT) | BIT(IOVA) | BIT(SIZE), BIT(REPORT)},
};

static const struct flag {
	enum form form;
	const char *name;
	uint32_t value;
} flags[] = {
	{FORM_ATTACH_FLAGS, "BYPASS", ATTACH_BYPASS},
	{FORM_MAP_FLAGS, "READ", MAP_READ},
	{FORM_MAP_FLAGS, "WRITE", MAP_WRITE},
	{FORM_MAP_FLAGS, "MMIO", MAP_MMIO},
};

static bool is_long(enum form form)
{
	return form == FORM_LONG || form == FORM_BITS || form == FORM_ADDRESS;
}

static uint64_t get(const struct step *s, const struct field *field)
{
	const uint8_t *at = (const uint8_t *)s + field->offset;
	uint64_t wide;
	uint32_t narrow;

	if (is_long(field->form))
		return memcpy(&wide, at, sizeof(wide)), wide;
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

static void set(struct step *s, const struct field *field, uint64_t value)
{
	uint32_t narrow = value;

	memcpy((uint8_t *)s + field->offset, is_long(field->form) ? (void *)&value : (void *)&narrow,
	       is_long(field->form) ? sizeof(value) : sizeof(narrow));
}

static int flag_words(char *text, size_t room, enum form form, uint32_t value)
{
	size_t length = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].form == form && value & flags[i].value) {
			length += snprintf(text + length, room - length, "%s%s", length ? "|" : "",
					   flags[i].name);
			value &= ~flags[i].value;
		}
	if (value || !length)
		length += snprintf(text + length, room - length, "%s%#x", length ? "|" : "", value);
	return length;
}

static int value_words(char *text, size_t room, const struct step *s, const struct field *field,
		       struct step_memory memory)
{
	uint64_t value = get(s, field);

	if (field->form == FORM_ADDRESS && value - memory.start < memory.size)
		return snprintf(text, room, "memory+%#lx", value - memory.start);
	if (field->form == FORM_ATTACH_FLAGS || field->form == FORM_MAP_FLAGS)
		return flag_words(text, room, field->form, value);
	return snprintf(text, room, field->form == FORM_ADDRESS || field->form == FORM_BITS ? "%#lx" : "%lu",
			value);
}

static bool is_shown(const struct step *s, unsigned int field)
{
	if (field == ENDPOINT)
		return !s->by_id && (verbs[s->kind].always | verbs[s->kind].not_0) & BIT(ENDPOINT);
	return verbs[s->kind].always & BIT(field) ||
	       (verbs[s->kind].not_0 & BIT(field) && get(s, &fields[field]));
}

const char *step_words(const struct step *s, struct step_memory memory, char *text, size_t room)
{
	char all[STEP_WORDS];
	size_t length = snprintf(all, sizeof(all), "%s", verbs[s->kind].name);

	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
		if (is_shown(s, i)) {
			length += snprintf(all + length, sizeof(all) - length, " %s=", fields[i].name);
			length += value_words(all + length, sizeof(all) - length, s, &fields[i], memory);
		}
	snprintf(text, room, "%s", all);
	return text;
}

const char *step_separator(const struct step *s)
{
	return s->together ? " & " : "; ";
}

static bool is_blank(char c)
{
	return c == ' ' || c == ',';
}

static const char *skip_blanks(const char *at)
{
	while (is_blank(*at))
		at++;
	return at;
}

static bool ends_word(char c)
{
	return !c || is_blank(c) || c == ';' || c == '&';
}

/* Step over @word if it stands at *@at, with @end behind it; 0: the end of a word. */
static bool take_word(const char **at, const char *word, char end)
{
	size_t length = strlen(word);

	if (strncmp(*at, word, length) || (end ? (*at)[length] != end : !ends_word((*at)[length])))
		return false;
	*at += length + !!end;
	return true;
}

static bool take_number(const char **at, uint64_t *value)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	*value = strtoul(*at, &end, 0);
	*at = end;
	return true;
}

static bool take_address(const char **at, struct step_memory memory, uint64_t *value)
{
	if (take_word(at, "memory", 0)) {
		*value = memory.start;
		return true;
	}
	if (!take_word(at, "memory", '+'))
		return take_number(at, value);
	if (!take_number(at, value))
		return false;
	*value += memory.start;
	return true;
}

static bool take_flag(const char **at, enum form form, uint64_t *value)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		size_t length = strlen(flags[i].name);

		if (flags[i].form != form || strncmp(*at, flags[i].name, length))
			continue;
		*at += length;
		*value = flags[i].value;
		return true;
	}
	return take_number(at, value);
}

static bool take_flags(const char **at, enum form form, uint64_t *value)
{
	uint64_t one;

	*value = 0;
	do {
		if (!take_flag(at, form, &one))
			return false;
		*value |= one;
	} while (**at == '|' && ++*at);
	return true;
}

static bool take_value(const char **at, enum form form, struct step_memory memory, uint64_t *value)
{
	switch (form) {
	case FORM_ADDRESS:
		return take_address(at, memory, value);
	case FORM_ATTACH_FLAGS:
	case FORM_MAP_FLAGS:
		return take_flags(at, form, value);
	default:
		return take_number(at, value);
	}
}

/* Return the number of the field whose name stands at *@at, with its '='; ARRAY_SIZE(fields) if none does. */
static unsigned int take_name(const char **at, uint32_t which)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
		if (which & BIT(i) && take_word(at, fields[i].name, '='))
			return i;
	return ARRAY_SIZE(fields);
}

static bool take_fields(const char **at, struct step_memory memory, struct step *s)
{
	uint32_t missing = verbs[s->kind].always;

	for (*at = skip_blanks(*at); **at && **at != ';' && **at != '&'; *at = skip_blanks(*at)) {
		unsigned int i = take_name(at, verbs[s->kind].always | verbs[s->kind].not_0);
		uint64_t value;

		if (i == ARRAY_SIZE(fields) || !take_value(at, fields[i].form, memory, &value) ||
		    !ends_word(**at) || (!is_long(fields[i].form) && value > UINT32_MAX))
			return false;
		set(s, &fields[i], value);
		missing &= ~BIT(i);
	}
	return !missing;
}

static bool take_step(const char **at, struct step_memory memory, struct step *s)
{
	for (s->kind = 0; s->kind < STEP_KINDS; s->kind++)
		if (take_word(at, verbs[s->kind].name, 0))
			return take_fields(at, memory, s);
	return false;
}

unsigned int parse_steps(const char *text, struct step_memory memory, struct step *steps, unsigned int room,
			 const char **trouble)
{
	unsigned int count = 0;
	bool together = false;

	for (text = skip_blanks(text); *text; text = skip_blanks(text)) {
		struct step s = {.together = together};

		*trouble = text;
		if (count == room || !take_step(&text, memory, &s))
			return *trouble = text, 0;
		if (together && !(is_request(&s) && is_request(&steps[count - 1])))
			return 0;
		steps[count++] = s;
		together = *text == '&';
		text += *text == ';' || *text == '&';
	}
	*trouble = text;
	return together ? 0 : count;
}
