noinst_LIBRARIES += libcommon.a
libcommon_a_SOURCES = \
	common/buf.c common/buf.h \
	common/conf.c common/conf_table.c common/conf.h \
	common/conf_show.c common/conf_show.h \
	common/deadline.c common/deadline.h \
	common/errmsg.c common/errmsg.h \
	common/frame.c common/frame.h \
	common/io.c common/io.h \
	common/json.c common/json.h \
	common/log.c common/log.h \
	common/network.c common/network.h \
	common/result.c common/result.h \
	common/secret.c common/secret.h \
	common/speaker.c common/speaker.h \
	common/str.c common/str.h \
	common/wire.c common/wire.h \
	common/compat/compat.h \
	common/compat/explicit_bzero.c \
	common/compat/proctitle.c common/compat/proctitle.h
