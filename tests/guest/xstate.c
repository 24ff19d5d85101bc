/* Lets User Mode Linux run on processors whose register state is larger than it knows.
 *
 * UML keeps the registers of its processes in a buffer of fixed size and writes them back with
 * PTRACE_SETREGSET.  The host's kernel takes only the whole state there, and with AMX (or what
 * comes after it) the whole is larger than UML's buffer: the first process dies before it runs.
 * Preloaded into linux.uml, this fills the part UML does not know with zeros, the state of a
 * unit that was never used: a guest process cannot use one, as UML never grants it.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define NT_X86_XSTATE 0x202

/* Not on the stack: UML's kernel stacks are small.  One is enough: UML has one processor. */
static unsigned char whole[65536];
static size_t whole_bytes;

/* What glibc's ptrace does: the requests that peek return their word through a pointer. */
static long plain(long request, int pid, void *address, void *data)
{
	long word, result;
	int peek = request >= PTRACE_PEEKTEXT && request <= PTRACE_PEEKUSER;

	result = syscall(SYS_ptrace, request, pid, address, peek ? &word : data);
	return peek && result >= 0 ? word : result;
}

static long restore(int pid, void *address, struct iovec *part)
{
	struct iovec all = { whole, sizeof whole };

	if (!whole_bytes) {
		if (plain(PTRACE_GETREGSET, pid, address, &all) < 0)
			return -1;
		whole_bytes = all.iov_len;
		memset(whole, 0, whole_bytes);
	}
	if (part->iov_len >= whole_bytes)
		return plain(PTRACE_SETREGSET, pid, address, part);
	memcpy(whole, part->iov_base, part->iov_len);
	all.iov_len = whole_bytes;
	return plain(PTRACE_SETREGSET, pid, address, &all);
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list arguments;
	va_start(arguments, request);
	int pid = va_arg(arguments, int);
	void *address = va_arg(arguments, void *);
	void *data = va_arg(arguments, void *);
	va_end(arguments);

	if (request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE)
		return restore(pid, address, data);
	return plain(request, pid, address, data);
}
