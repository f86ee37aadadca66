// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin of QEMU's TCG that counts the guest's instructions between two marks,
 * by address:
 *
 *   qemu-system-x86_64 -plugin profile-plugin.so,out=FILE
 *
 * The marks are two instructions that do nothing and that bench/bench.c alone
 * has. FILE becomes lines "ADDRESS COUNT", hexadecimal and decimal: where a
 * translated block of instructions begins, and how many instructions were
 * executed in blocks that begin there. One virtual CPU.
 *
 * Debian does not package QEMU's qemu-plugin.h, so what is needed of it is
 * declared here, as of version 7 of the interface (QEMU 11.1).
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;

struct qemu_info;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;

typedef struct {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
} qemu_plugin_u64;

enum { QEMU_PLUGIN_CB_NO_REGS };
enum { QEMU_PLUGIN_INLINE_ADD_U64 };

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int vcpu, void *data),
					    int flags, void *data);
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb, int op,
						       qemu_plugin_u64 entry, uint64_t imm);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(struct qemu_plugin_tb *tb, void *data),
					   void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*cb)(void *data), void *data);
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t size);
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu);

EXPORT int qemu_plugin_version = 7;

/* A hash table: what block stands at an index, and how many instructions it has
 * executed so far, and had when the last mark was passed
 */
#define BLOCKS	(1UL << 20)

static uint64_t address[BLOCKS];
static uint64_t at_mark[BLOCKS];
static uint64_t counted[BLOCKS];
static struct qemu_plugin_scoreboard *score;
static FILE *out;

static size_t index_of(uint64_t pc)
{
	size_t i = (pc * 0x9e3779b97f4a7c15ULL) >> 44, n;

	for (n = 0; n < BLOCKS; n++, i = (i + 1) % BLOCKS) {
		if (!address[i])
			address[i] = pc;
		if (address[i] == pc)
			return i;
	}
	fprintf(stderr, "profile-plugin: too many blocks\n");
	exit(1);
}

static void pass_mark(unsigned int vcpu, void *data)
{
	const uint64_t *now = qemu_plugin_scoreboard_find(score, 0);
	size_t i;

	if (data)
		for (i = 0; i < BLOCKS; i++)
			counted[i] += now[i] - at_mark[i];
	else
		memcpy(at_mark, now, sizeof(at_mark));
}

static void translated(struct qemu_plugin_tb *tb, void *data)
{
	/* nopl 0x10a51d01(%rax,%rax), and 02 at the end */
	static const unsigned char mark[] = { 0x0f, 0x1f, 0x84, 0x00, 0x01, 0x1d, 0xa5, 0x10 };
	size_t n = qemu_plugin_tb_n_insns(tb), i;
	unsigned char bytes[sizeof(mark)];
	qemu_plugin_u64 entry = {
		.score = score,
		.offset = index_of(qemu_plugin_tb_vaddr(tb)) * sizeof(uint64_t),
	};

	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							  entry, n);
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		bool stop;

		if (qemu_plugin_insn_data(insn, bytes, sizeof(bytes)) != sizeof(bytes))
			continue;
		stop = bytes[4] == 2;
		bytes[4] = 1;
		if (!memcmp(bytes, mark, sizeof(mark)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, pass_mark,
							       QEMU_PLUGIN_CB_NO_REGS,
							       stop ? &score : NULL);
	}
}

static void at_exit(void *data)
{
	size_t i;

	for (i = 0; i < BLOCKS; i++)
		if (counted[i])
			fprintf(out, "%" PRIx64 " %" PRIu64 "\n", address[i], counted[i]);
	fclose(out);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc,
			       char **argv)
{
	if (argc == 1 && !strncmp(argv[0], "out=", 4))
		out = fopen(argv[0] + 4, "w");
	if (!out) {
		fprintf(stderr, "profile-plugin: out=FILE, and it must be writable\n");
		return 1;
	}
	score = qemu_plugin_scoreboard_new(BLOCKS * sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated, NULL);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
