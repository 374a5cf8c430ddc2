# An emulation of Solaris doors, for builds with --enable-doors=emulation.
if WITH_DOOR_EMULATION
noinst_LIBRARIES += libdoor.a
libdoor_a_SOURCES = tests/door/client.c tests/door/server.c \
	tests/door/door.h tests/door/door_at.h tests/door/stropts.h \
	tests/door/ucred.h
check_PROGRAMS += tests/door/ask
tests_door_ask_SOURCES = tests/door/ask.c
tests_door_ask_LDADD = libdoor.a
endif
