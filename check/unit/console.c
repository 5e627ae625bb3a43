// SPDX-License-Identifier: BSD-3-Clause
/*
 * The console on fake UARTs: where characters go, what is waited for and how long, and how a run
 * ends.
 */
#include <setjmp.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "machine.h"
#include "time.h"
#include "unit.h"

/* The console's printf: see unit.mk. */
int own_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define BASE 0x3f8

/* A second has this many ticks; one turn of waiting takes one. */
#define RATE 1000

static uint64_t ticks;

uint64_t machine_ticks(void)
{
	return ticks;
}

uint64_t machine_tick_rate(void)
{
	return RATE;
}

void machine_relax(uint64_t until)
{
	(void)until;
	ticks++;
}

void machine_yield(void)
{
}

/* The register that says whether there is room: @ready under @mask, after @busy reads. */
static struct {
	uintptr_t status, data;
	uint32_t ready, not_ready;
	unsigned int busy;	/* reads per character until there is room; UINT_MAX: always */
	unsigned int left;
	char text[2048];
	unsigned int length;
	uintptr_t fifo;		/* the register that enables a FIFO, and tells of it; 0: none */
	bool fifo_enabled;
	unsigned int filled, polls;
	unsigned int strays;	/* accesses of other registers, characters without room */
} wire;

/* Characters that the next 16550 takes once there is room. */
static unsigned int fifo_depth = 1;

static uint32_t wire_in(uintptr_t address)
{
	if (wire.fifo && address == wire.fifo)
		return wire.fifo_enabled ? 0xc1 : 1;
	if (address != wire.status)
		wire.strays++;
	wire.polls++;
	if (!wire.left)
		return wire.ready;
	if (wire.left != UINT32_MAX)
		wire.left--;
	return wire.not_ready;
}

static void fill_fifo(void)
{
	if (++wire.filled < (wire.fifo_enabled ? fifo_depth : 1))
		return;
	wire.left = wire.busy;
	wire.filled = 0;
}

static void wire_out(uintptr_t address, uint32_t value)
{
	if (wire.fifo && address == wire.fifo) {
		wire.fifo_enabled = fifo_depth > 1 && value == 1;
		return;
	}
	if (address != wire.data || wire.left)
		wire.strays++;
	if (wire.length < sizeof(wire.text) - 1)
		wire.text[wire.length++] = value;
	wire.text[wire.length] = '\0';
	fill_fifo();
}

static void connect(void (*kind)(struct uart *), unsigned int stride, unsigned int status,
		    uint32_t ready, uint32_t not_ready, unsigned int busy)
{
	struct uart uart = {.base = BASE, .stride = stride, .in = wire_in, .out = wire_out};

	memset(&wire, 0, sizeof(wire));
	wire.data = BASE;
	wire.status = BASE + status * stride;
	wire.ready = ready;
	wire.not_ready = not_ready;
	wire.busy = wire.left = busy;
	wire.fifo = kind == uart_16550 ? BASE + 2 * stride : 0;
	kind(&uart);
	console_use(&uart);
}

enum { LSR = 5, LSR_THRE = 0x20, LSR_TEMT = 0x40, FR = 0x18 / 4, FR_BUSY = 8, FR_TXFF = 0x20 };

static void nobody_listens(void)
{
	console_puts("lost");
	console_flush();
	CHECK_EQ(wire.length, 0);
	CHECK_EQ(own_printf("%d", 123), 3);
}

static void use_16550(unsigned int stride)
{
	connect(uart_16550, stride, LSR, LSR_THRE, 0, 3);
	console_puts("ok\n");
	CHECK(!strcmp(wire.text, "ok\n"));
	CHECK_EQ(wire.strays, 0);

	/* Empty holding register, but the last character is still on its way. */
	connect(uart_16550, stride, LSR, LSR_THRE | LSR_TEMT, LSR_THRE, 5);
	console_flush();
	CHECK_EQ(wire.left, 0);
	CHECK_EQ(wire.strays, 0);
}

/* As many at a time as fit, and one at a time where there is no FIFO. */
static void use_fifo(void)
{
	static const char text[] = "0123456789abcdef0123456789abcdef01234567";

	connect(uart_16550, 1, LSR, LSR_THRE, 0, 0);
	console_puts(text);
	CHECK_EQ(wire.polls, 40);
	fifo_depth = 16;
	connect(uart_16550, 4, LSR, LSR_THRE, 0, 3);
	console_puts(text);
	CHECK(!strcmp(wire.text, text));
	CHECK_EQ(wire.polls, 3 * 4);
	CHECK_EQ(wire.strays, 0);
	fifo_depth = 1;
}

static void use_pl011(void)
{
	connect(uart_pl011, 4, FR, 0, FR_TXFF, 3);
	console_puts("ok\n");
	CHECK(!strcmp(wire.text, "ok\n"));
	CHECK_EQ(wire.strays, 0);
	connect(uart_pl011, 4, FR, FR_TXFF, FR_BUSY, 5);
	console_flush();
	CHECK_EQ(wire.left, 0);
}

/* It costs one deadline, not one for each character; and the next UART may live. */
static void dead_uart(void)
{
	uint64_t start = ticks;

	connect(uart_16550, 1, LSR, LSR_THRE, 0, UINT32_MAX);
	console_puts("a");
	CHECK(ticks - start >= RATE && ticks - start <= 2 * RATE);
	start = ticks;
	console_puts("bcdef");
	console_flush();
	CHECK_EQ(ticks, start);
	CHECK(!strcmp(wire.text, "abcdef"));
	connect(uart_pl011, 4, FR, 0, FR_TXFF, 7);
	console_puts("alive");
	CHECK(ticks > start);
	CHECK_EQ(wire.strays, 0);
}

/* Whoever reads the console may be late by much more than a UART that is not there is given. */
static void late_reader(void)
{
	uint64_t start = ticks;

	connect(uart_16550, 1, LSR, LSR_THRE, 0, 1);
	console_puts("a");
	wire.left = wire.busy = 100 * RATE;
	console_puts("bc");
	CHECK(ticks - start >= 200 * RATE - 2);
	CHECK(!strcmp(wire.text, "abc"));
	CHECK_EQ(wire.strays, 0);
	wire.ready |= LSR_TEMT;
	console_flush();
	CHECK_EQ(wire.left, 0);
}

static void long_line(void)
{
	connect(uart_16550, 1, LSR, LSR_THRE, 0, 0);
	CHECK_EQ(own_printf("%1500d|", 7), 1501);
	CHECK_EQ(wire.length, 1023);
	CHECK_EQ(wire.text[1022], ' ');
}

static jmp_buf off;
static const struct boot_info *off_by;
static unsigned int off_at;	/* characters printed before */
static bool says_something;

void machine_power_off(const struct boot_info *boot)
{
	off_by = boot;
	off_at = wire.length;
	longjmp(off, 1);
}

void boot_main(struct boot_info *boot)
{
	if (says_something)
		bail_out("%s: %u is not %u", boot->cmdline, 1, 2);
	console_puts("main");
}

static void run_to_the_end(struct boot_info *boot, bool bails_out)
{
	connect(uart_16550, 1, LSR, LSR_THRE | LSR_TEMT, 0, 2);
	says_something = bails_out;
	off_by = NULL;
	if (!setjmp(off))
		boot_start(boot);
}

/* Switched off by what was booted with, when the last character has left. */
static void ends(void)
{
	static struct boot_info boot = {.cmdline = "where"};

	run_to_the_end(&boot, false);
	CHECK(off_by == &boot && off_at == strlen("main"));
	CHECK(!strcmp(wire.text, "main"));
	CHECK_EQ(wire.left, 0);
	run_to_the_end(&boot, true);
	CHECK(off_by == &boot);
	CHECK(!strcmp(wire.text, "\nBail out! where: 1 is not 2\n"));
	CHECK_EQ(wire.left, 0);
	boot.ranges_lost = true;
	run_to_the_end(&boot, false);
	CHECK(!strcmp(wire.text, "\nBail out! memory map: more than 64 ranges of RAM or reserved "
				 "memory\n"));
}

/* Days do not overflow, nor do deadlines as long; a deadline is over when its time has come. */
static void time_passes(void)
{
	struct deadline deadline;

	ticks = UINT64_MAX / 2;
	CHECK_EQ(time_us(), UINT64_MAX / 2 / RATE * 1000000 + UINT64_MAX / 2 % RATE * 1000);
	CHECK_EQ(deadline_in(UINT64_MAX / 2).end, UINT64_MAX / 2 + UINT64_MAX / 2 / 1000);
	deadline = deadline_in(3000);
	CHECK(!deadline_over(&deadline));
	CHECK(!deadline_over(&deadline));
	CHECK(deadline_over(&deadline));
	CHECK(deadline_over(&deadline));
}

int main(void)
{
	nobody_listens();
	use_16550(1);
	use_16550(4);
	use_fifo();
	use_pl011();
	dead_uart();
	late_reader();
	long_line();
	ends();
	time_passes();
	return unit_end("console");
}
