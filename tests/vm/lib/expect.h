/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test expects. A failure names the expression, what it gave, what was
 * expected, and errno; it ends the test, also from a child process of it.
 */
#ifndef TESTS_EXPECT_H
#define TESTS_EXPECT_H

#include <check.h>
#include <errno.h>
#include <string.h>

const char *errno_name(int err);

/* The call succeeds (does not return -1); gives its value */
#define EXPECT_OK(call) ({						\
	errno = 0;							\
	long long __ret = (long long)(call);				\
	int __err = errno;						\
									\
	if (__ret == -1)						\
		_ck_assert_failed(__FILE__, __LINE__, #call,		\
				  "%s is -1, expected success; errno %s", \
				  #call, errno_name(__err));		\
	__ret; })

/* The call returns -1 with that errno */
#define EXPECT_ERRNO(call, want) __EXPECT_ERRNO(call, #call, want, " ")

/* The same, with words that say which of many cases it is */
#define EXPECT_ERRNO_IN(call, want, ...) __EXPECT_ERRNO(call, #call, want, " " __VA_ARGS__)

#define __EXPECT_ERRNO(call, text, want, ...) do {			\
	char __where[160];						\
	long long __ret;						\
	int __err, __want = (want);					\
									\
	snprintf(__where, sizeof(__where), __VA_ARGS__);		\
	errno = 0;							\
	__ret = (long long)(call);					\
	__err = errno;							\
	if (__ret != -1)						\
		_ck_assert_failed(__FILE__, __LINE__, text,		\
				  "%s is %lld, expected -1 with errno %s%s", \
				  text, __ret, errno_name(__want), __where); \
	if (__err != __want)						\
		_ck_assert_failed(__FILE__, __LINE__, text,		\
				  "%s: errno is %s, expected %s%s", text, \
				  errno_name(__err), errno_name(__want), __where); \
	} while (0)

#define __EXPECT_CMP(a, op, b) do {					\
	int __err = errno;						\
	unsigned long long __a = (unsigned long long)(a);		\
	unsigned long long __b = (unsigned long long)(b);		\
									\
	if (!(__a op __b))						\
		_ck_assert_failed(__FILE__, __LINE__, #a " " #op " " #b, \
				  "%s is %#llx (%lld), expected " #op	\
				  " %s, %#llx (%lld); errno %s",	\
				  #a, __a, (long long)__a, #b, __b,	\
				  (long long)__b, errno_name(__err));	\
	} while (0)

#define EXPECT_EQ(a, b) __EXPECT_CMP(a, ==, b)
#define EXPECT_NE(a, b) __EXPECT_CMP(a, !=, b)
#define EXPECT_LE(a, b) __EXPECT_CMP(a, <=, b)
#define EXPECT_GE(a, b) __EXPECT_CMP(a, >=, b)

#define EXPECT_TRUE(cond) do {						\
	int __err = errno;						\
									\
	if (!(cond))							\
		_ck_assert_failed(__FILE__, __LINE__, #cond,		\
				  "%s is false; errno %s", #cond,	\
				  errno_name(__err));			\
	} while (0)

#define FAIL(...) ck_abort_msg(__VA_ARGS__)

#endif /* TESTS_EXPECT_H */
