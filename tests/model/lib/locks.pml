/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's locks. A mutex is 0, or the process that has it plus one. A semaphore
 * for readers and writers keeps new readers out while a writer waits, so that a reader
 * that takes it twice, or two in a circle, are seen to hang.
 */
#define mutex byte

inline lock(m)
{
	atomic { m == 0 -> m = _pid + 1 }
}

inline unlock(m)
{
	d_step { assert(m == _pid + 1); m = 0 }
}

typedef rwsem {
	byte readers;
	byte writer;
	byte waiting;
}

inline down_read(s)
{
	atomic { s.writer == 0 && s.waiting == 0 -> s.readers++ }
}

inline up_read(s)
{
	d_step { assert(s.readers > 0); s.readers-- }
}

inline down_write(s)
{
	if
	:: atomic { s.writer == 0 && s.readers == 0 -> s.writer = _pid + 1 }
	:: atomic { s.writer != 0 || s.readers != 0 -> s.waiting++ };
	   atomic { s.writer == 0 && s.readers == 0 -> s.waiting--; s.writer = _pid + 1 }
	fi
}

inline up_write(s)
{
	d_step { assert(s.writer == _pid + 1); s.writer = 0 }
}
