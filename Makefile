# Faultline: kernel, user programs, disk image.  `make help` lists targets and variables.
#
# Products live under build/release, build/debug (DEBUG=1) or build/plant (PLANT=1), so that
# changing the mode builds nothing twice.  What is not a file but decides what is built - flags,
# lists of files - is kept in a note, $(O)/*.note: when the text changes, the note is removed, and
# what depends on it is made again.

CPUS   ?= 2
MEM    ?= 256M
DEBUG  ?= 0
PLANT  ?= 0
WERROR ?= 0
V      ?= 0
QEMU   ?= qemu-system-riscv64
HOSTCC ?= cc
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)

yes = $(filter-out 0,$1)

ifndef TOOLPREFIX
TOOLPREFIX := $(shell for p in unknown-elf linux-gnu elf unknown-linux-gnu none-elf; do \
    command -v riscv64-$$p-gcc >/dev/null 2>&1 && break; p=unknown-elf; done; echo riscv64-$$p-)
endif
ifndef GDB
GDB := $(shell for g in gdb-multiarch riscv64-unknown-elf-gdb riscv64-elf-gdb gdb; do \
    command -v $$g && exit; done; echo gdb-multiarch)
endif
export TOOLPREFIX QEMU GDB HOSTCC PYTHON

CC      := $(TOOLPREFIX)gcc
LD      := $(TOOLPREFIX)ld
AR      := $(TOOLPREFIX)ar
NM      := $(TOOLPREFIX)nm
OBJCOPY := $(TOOLPREFIX)objcopy
OBJDUMP := $(TOOLPREFIX)objdump

O   := build/$(if $(call yes,$(PLANT)),plant,$(if $(call yes,$(DEBUG)),debug,release))
OPT := $(if $(call yes,$(DEBUG) $(PLANT)),-Og -DDEBUG,-O2)$(if $(call yes,$(PLANT)), -DPLANT)

Q   := $(if $(call yes,$(V)),,@)
say  = $(if $(call yes,$(V)),@:,@printf '  %-7s %s\n' $1 $2)

# These goals need neither the compilers nor a look at what is built already.
NOBUILD  := help clean doctor lint print-gdbport gdb handout labs-check grade handin autograder
BUILDING := $(filter-out $(NOBUILD),$(or $(MAKECMDGOALS),all))

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

# ---- flags -----------------------------------------------------------------------------------

# $(call accepts,FLAGS): FLAGS, if the cross compiler knows them.
accepts = $(shell $(CC) $1 -Werror -S -o /dev/null -x c /dev/null 2>/dev/null && echo '$1')

# Whenever other tools are found than last time, the doctor looks at them first.  (What make
# exports reaches recipes, but up to version 4.3 not $(shell).)
define find-tools
tools=$$(for t in $(CC) $(LD) $(HOSTCC) $(PYTHON); do command -v $$t || echo no $$t; done); \
[ "$$tools" = "$$(cat build/tools.note 2>/dev/null)" ] || { \
    TOOLPREFIX='$(TOOLPREFIX)' HOSTCC='$(HOSTCC)' PYTHON='$(PYTHON)' MAKE_COMMAND='$(MAKE)' \
        tools/doctor --quiet build >&2 && mkdir -p build && echo "$$tools" > build/tools.note; \
} || echo bad
endef

ifneq ($(BUILDING),)
ifneq ($(shell $(find-tools)),)
$(error Something that the build needs is missing)
endif
# Up to GCC 10, zicsr and zifencei are a part of the base set and have no names.
ARCH := $(or $(call accepts,-march=rv64imac_zicsr_zifencei -mabi=lp64),-march=rv64imac -mabi=lp64)
NORECURSE := $(call accepts,-Wno-infinite-recursion)
CCVERSION := $(shell $(CC) -dumpfullversion 2>/dev/null)
endif

# The second scheduling pass moves stores into a large frame above the step that allocates it (seen
# with GCC 12 and frame pointers).  An interrupt would overwrite them in the kernel, and in user
# mode an access below the stack pointer kills the program: memory there is no stack (docs/abi.md).
NOSCHED := -fno-schedule-insns2

# -Werror is kept out of the notes: `make WERROR=1` after `make` builds nothing again.
WERR   := $(if $(call yes,$(WERROR)),-Werror)
COMMON := $(ARCH) -mcmodel=medany -std=gnu11 -ffreestanding -fno-common -fno-pie \
    -fno-omit-frame-pointer $(NOSCHED) -fno-asynchronous-unwind-tables \
    -fno-tree-loop-distribute-patterns -U_FORTIFY_SOURCE -g -I. \
    $(if $(LAB),-DLAB_$(shell echo '$(LAB)' | tr a-z- A-Z_))
KFLAGS := $(COMMON) $(OPT) -Wall -Wextra -Wframe-larger-than=2000 -fno-stack-protector
UFLAGS := $(COMMON) $(OPT) -Wall -Wextra -fstack-protector-strong
# Programs that others wrote: the optimisation and the warnings that they were written for.
XFLAGS := $(COMMON) -O1 -Wall -fstack-protector-strong $(NORECURSE)
UWERR  := $(WERR) -Wno-error=format -Wno-error=format-security
LDFLAGS := -m elf64lriscv -nostdlib -static --build-id=none \
    -z max-page-size=4096 -z noexecstack
STRIP := --strip-debug # the symbols stay: the kernel names functions by them
HOSTFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -I.
TESTFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined \
    -fno-sanitize-recover=all -DHOST_TEST -I.

# ---- files -----------------------------------------------------------------------------------

KSRC  := $(sort $(wildcard kernel/*/*.c kernel/*/*.S))
KOBJ  := $(KSRC:%=$(O)/%.o)
ULIB  := $(sort $(wildcard user/lib/*.c user/lib/*.S user/testlib/*.c))
ULIBA := $(O)/user/lib.a

# Program NAME is user/NAME.c with the files of user/NAME/, if there are any.
UPROG := $(sort $(patsubst user/%.c,%,$(wildcard user/*.c)) \
    $(filter-out lib testlib,$(patsubst user/%/,%,$(dir $(wildcard user/*/*.c)))))
program-sources = $(wildcard user/$1.c) $(sort $(wildcard user/$1/*.c))

# Of UPROGS_EXTRA, a folder stands for the programs in it; they replace ours of the same names.
XSRC  := $(foreach f,$(UPROGS_EXTRA),$(if $(wildcard $f/.),$(sort $(wildcard $(f:/=)/*.c)),$f))
XPROG := $(basename $(notdir $(XSRC)))
UPROG := $(filter-out $(XPROG),$(UPROG))
USRC  := $(foreach p,$(UPROG),$(call program-sources,$p))
BIN   := $(UPROG:%=$(O)/bin/%) $(XPROG:%=$(O)/xbin/%)

KERNEL := $(O)/kernel.elf
IMG    := $(O)/fs.img

# mkfs/NAME.c is a tool if NAME is in this list, otherwise part of a library for all of them.
IMGTOOLS := $(filter mkfs fsck,$(basename $(notdir $(wildcard mkfs/*.c))))
IMGLIB   := $(filter-out $(IMGTOOLS:%=mkfs/%.c),$(sort $(wildcard mkfs/*.c)))
HOSTTEST := $(patsubst tests/host/%.c,build/host/%,$(sort $(wildcard tests/host/test_*.c)))

# $(call note,FILE,TEXT)
define note
$(if $(BUILDING),$(shell printf '%s\n' '$2' | cmp -s - $1 || rm -f $1))
$1:
	@mkdir -p $$(@D)
	@printf '%s\n' '$2' > $$@
endef

$(eval $(call note,$(O)/kernel.note,$(CC) $(CCVERSION) $(KFLAGS)))
$(eval $(call note,$(O)/user.note,$(CC) $(CCVERSION) $(UFLAGS)))
$(eval $(call note,$(O)/extra.note,$(CC) $(CCVERSION) $(XFLAGS) $(XSRC)))
$(eval $(call note,$(O)/klink.note,$(LDFLAGS) $(KOBJ)))
$(eval $(call note,$(O)/ulink.note,$(LDFLAGS) $(STRIP) $(ULIB) $(USRC)))
$(eval $(call note,$(O)/image.note,$(BIN)))
$(eval $(call note,build/host.note,$(HOSTCC) $(HOSTFLAGS) $(IMGLIB)))
$(eval $(call note,build/test.note,$(HOSTCC) $(TESTFLAGS)))

# ---- what to make ----------------------------------------------------------------------------

.PHONY: all kernel image tools qemu qemu-gdb gdb debug gdbinit qemu-record qemu-replay print-gdbport \
    run-check test test-products host-tests lint handout labs-check grade handin autograder \
    bench soak doctor clean help

all: $(KERNEL) $(IMG) tools compile_commands.json ## kernel, user programs, disk image (default)
kernel: $(KERNEL) ## the kernel alone
image: $(IMG)     ## the disk image alone
tools: $(IMGTOOLS:%=build/%) ## mkfs and fsck

$(O)/kernel/%.o: kernel/% $(O)/kernel.note
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KFLAGS) $(WERR) -MMD -MP -c -o $@ $<

# Linked twice: tools/ksyms reads the first kernel and makes the symbol table of the second.  The
# table stands behind everything else, so both have the same addresses.
$(O)/kernel.bare: $(KOBJ) kernel.ld $(O)/klink.note
	$(Q)$(LD) $(LDFLAGS) -T kernel.ld -o $@ $(KOBJ)

$(O)/ksyms.o: $(O)/kernel.bare tools/ksyms kernel/lib/ksyms.h
	$(Q)$(PYTHON) tools/ksyms --nm $(NM) --objdump $(OBJDUMP) $< $(O)/ksyms.S
	$(Q)$(CC) $(KFLAGS) -c -o $@ $(O)/ksyms.S

$(KERNEL): $(O)/kernel.bare $(O)/ksyms.o
	$(call say,LD,$@)
	$(Q)$(LD) $(LDFLAGS) -T kernel.ld -o $@ $(KOBJ) $(O)/ksyms.o

$(O)/user/%.o: user/% $(O)/user.note
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UFLAGS) $(UWERR) -MMD -MP -c -o $@ $<

$(ULIBA): $(ULIB:%=$(O)/%.o) $(O)/ulink.note
	@rm -f $@
	$(Q)$(AR) rcsD $@ $(filter %.o,$^)

link-program = $(Q)$(LD) $(LDFLAGS) -T user/user.ld -o $@ $(filter %.o %.a,$^)

define own-program
$(O)/user/$1.elf: $(patsubst %,$(O)/%.o,$(call program-sources,$1)) $(ULIBA) user/user.ld
	$$(link-program)
endef
$(foreach p,$(UPROG),$(eval $(call own-program,$p)))

define extra-program
$(O)/extra/$(basename $(notdir $1)).c.o: $1 $(O)/extra.note
	$$(call say,CC,$1)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(XFLAGS) $$(UWERR) -MMD -MP -c -o $$@ $1
endef
$(foreach f,$(XSRC),$(eval $(call extra-program,$f)))

$(XPROG:%=$(O)/extra/%.elf): $(O)/extra/%.elf: $(O)/extra/%.c.o $(ULIBA) user/user.ld
	$(link-program)

# The image holds copies without what only gdb reads.
strip-program = $(Q)mkdir -p $(@D) && $(OBJCOPY) $(STRIP) $< $@

$(UPROG:%=$(O)/bin/%): $(O)/bin/%: $(O)/user/%.elf
	$(strip-program)
$(XPROG:%=$(O)/xbin/%): $(O)/xbin/%: $(O)/extra/%.elf
	$(strip-program)

# A fresh image only when its contents changed: otherwise the files that a user made stay.
$(IMG): build/mkfs $(BIN) $(wildcard README.md) $(O)/image.note
	$(call say,MKFS,$@)
	$(Q)build/mkfs $@ $(patsubst %,README=%,$(wildcard README.md)) $(BIN)

build/host/mkfs/%.o: mkfs/%.c build/host.note
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTFLAGS) $(WERR) -MMD -MP -c -o $@ $<

$(IMGTOOLS:%=build/%): build/%: build/host/mkfs/%.o $(IMGLIB:mkfs/%.c=build/host/mkfs/%.o)
	$(Q)$(HOSTCC) $(HOSTFLAGS) -o $@ $^

# For editors: each source with the command that compiles it.
command-entry = {"directory": "$(CURDIR)", "file": "$1", "command": "$2 -c $1"}
comma := ,
compile_commands.json: $(addprefix $(O)/,kernel.note klink.note user.note ulink.note image.note)
	@printf '%s\n' '[' $(foreach f,$(filter %.c,$(KSRC)),\
	    '$(call command-entry,$f,$(CC) $(KFLAGS))$(comma)') \
	    $(foreach f,$(USRC) $(filter %.c,$(ULIB)),\
	    '$(call command-entry,$f,$(CC) $(UFLAGS))$(comma)') \
	    $(foreach f,$(wildcard mkfs/*.c),\
	    '$(call command-entry,$f,$(HOSTCC) $(HOSTFLAGS))$(comma)') | \
	    sed '$$s/,$$//' > $@
	@echo ']' >> $@

# ---- running ---------------------------------------------------------------------------------

# One for each user and folder.
GDBPORT := $(shell expr `{ id -u; pwd -P; } | cksum | cut -d ' ' -f 1` % 5000 + 25000)
MACHINE  = $(QEMU) -machine virt,aclint=on -bios none -kernel $(KERNEL) -m $(MEM) \
    -global virtio-mmio.force-legacy=false \
    -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0
QEMUCMD  = $(MACHINE) -smp $(CPUS) -nographic -drive file=$(IMG),if=none,format=raw,id=x0 \
    $(if $(APPEND),-append '$(APPEND)') $(QEMUEXTRA)
GDBSTUB  = -S -gdb tcp::$(GDBPORT)

# One hart, and no QEMU monitor on the console: QEMU records nothing else.  With `tick` an idle hart
# wakes up often, because QEMU delivers what the disk has done only when a timer rings.
REPLAY  := $(O)/replay
RRCMD    = $(MACHINE) -smp 1 -display none -monitor none \
    -chardev stdio,id=console,signal=off -serial chardev:console \
    -icount shift=auto,rr=$1,rrfile=$(REPLAY).bin \
    -drive file=$(REPLAY).img,if=none,format=raw,snapshot=on,id=disk \
    -drive driver=blkreplay,if=none,image=disk,id=x0 -append 'tick $(APPEND)' $(QEMUEXTRA)

run-check:
	@tools/doctor --quiet run

qemu: run-check $(KERNEL) $(IMG) ## boot to the shell; ^A x ends QEMU
	$(Q)$(QEMUCMD)

gdbinit:
	@sed -e 's|@PORT@|$(GDBPORT)|' -e 's|@KERNEL@|$(CURDIR)/$(KERNEL)|' -e 's|@TOP@|$(CURDIR)|' \
	    .gdbinit.tmpl > .gdbinit

qemu-gdb: run-check $(KERNEL) $(IMG) gdbinit ## the same, but wait for gdb (`make gdb`)
	@echo "Now run 'make gdb' in another window (port $(GDBPORT))."
	$(Q)$(QEMUCMD) $(GDBSTUB)

gdb: ## a debugger for `make qemu-gdb`
	@tools/doctor --quiet debug
	@[ -f .gdbinit ] || { echo "First run 'make qemu-gdb' in another window."; exit 1; }
	@$(GDB) -q -nx -iex 'set auto-load safe-path $(CURDIR)' -x .gdbinit

debug: run-check $(KERNEL) $(IMG) gdbinit ## both side by side, in tmux
	@tools/debug $(MAKE) CPUS=$(CPUS) MEM=$(MEM) DEBUG=$(DEBUG) PLANT=$(PLANT) 'APPEND=$(APPEND)'

qemu-record: run-check $(KERNEL) $(IMG) ## a run that can be repeated exactly; `halt` ends it
	$(Q)cp --sparse=always $(IMG) $(REPLAY).img
	$(Q)$(call RRCMD,record)

qemu-replay: run-check gdbinit ## repeats the recorded run under gdb (`make gdb`)
	@[ -f $(REPLAY).bin ] || { echo "First run 'make qemu-record' with the same variables."; exit 1; }
	@echo "Now run 'make gdb' in another window (port $(GDBPORT))."
	$(Q)$(call RRCMD,replay) $(GDBSTUB)

print-gdbport: ## the port that QEMU listens on
	@echo $(GDBPORT)

# ---- tests -----------------------------------------------------------------------------------

# `// sources: FILE...` in a test names what is compiled with it.
$(HOSTTEST): build/host/%: tests/host/%.c build/test.note
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)src="$< $$(sed -n 's|^// sources: ||p' $<)" && \
	    { for s in $$src; do $(HOSTCC) $(TESTFLAGS) -MM -MP -MT $@ $$s || exit; done; } > $@.d && \
	    $(HOSTCC) $(TESTFLAGS) -o $@ $$src -lcmocka

host-tests: $(HOSTTEST) ## unit tests of pure kernel code, on this machine
	@failed=0; for t in $^; do $$t || failed=$$((failed + 1)); done; \
	    echo "host tests: $(words $^) programs, $$failed failed"; [ $$failed = 0 ]

# `make test` is the same every time; `make soak` draws new seeds.  SEED=N repeats either.
# The machines come first in both kinds, so that the tests find them in build/.
PYTEST = PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pytest -q -p no:cacheprovider $(PYTESTFLAGS)

test-products: $(HOSTTEST)
	@tools/doctor --quiet test grade
	$(Q)$(MAKE) --no-print-directory WERROR=1 PLANT=1 all
	$(Q)$(MAKE) --no-print-directory WERROR=1 DEBUG=1 all
	$(Q)$(MAKE) --no-print-directory WERROR=1 DEBUG=0 all

test: test-products run-check ## all tests: on this machine and in QEMU
	$(Q)SEED=$(or $(SEED),1) $(PYTEST) -n 2 --dist loadfile -m 'not soak' tests

soak: test-products run-check ## long random work in small machines
	$(Q)$(if $(SEED),SEED=$(SEED) )$(PYTEST) -m soak tests

bench: all run-check ## guest instructions of fork, pipes, system calls ...
	$(Q)$(PYTHON) tools/bench

lint: ## layout, include arrows, headers, sizes, scripts
	@tools/doctor --quiet lint
	@$(PYTHON) tools/lint --cc $(CC)

# ---- labs (docs/labs.md) ---------------------------------------------------------------------

labs-check: run-check ## proof of all labs, or of LAB: handouts, references, wrong solutions
	@$(call of-the-kernel,tools/labs-check)tools/doctor --quiet build grade lint teach
	@$(PYTHON) tools/labs-check $(LAB)

# What students call; tools/grade builds what it needs.
grade: ## points for your solution of LAB; TEST=NAME for one test, SEED=N for another order
	@$(PYTHON) tools/grade $(LAB) $(if $(TEST),--test '$(TEST)') $(if $(SEED),--seed '$(SEED)') \
	    $(if $(call yes,$(V)),--verbose)

handin: ## the files of LAB that you hand in, as handin-LAB.tar.gz
	@$(PYTHON) tools/grade $(LAB) --hand-in

# A handout has neither all labs nor what makes handouts.
KERNELONLY := labs-check handout autograder
of-the-kernel = $(if $(wildcard $1),,$(error `make $@` needs the finished kernel; this is a handout))

handout: ## what students of LAB get, as a new folder OUT; SEED=N varies it
	@$(call of-the-kernel,tools/handout)tools/doctor --quiet teach
	@$(PYTHON) tools/handout $(if $(SEED),--seed '$(SEED)') -- '$(LAB)' '$(OUT)'

autograder: ## what Gradescope needs to grade LAB, as a new folder or .zip OUT (docs/instructors.md)
	@$(call of-the-kernel,tools/autograder)tools/doctor --quiet teach
	@$(PYTHON) tools/autograder $(if $(SEED),--seed '$(SEED)') -- '$(LAB)' '$(OUT)'

# ---- the rest --------------------------------------------------------------------------------

doctor: ## check the tools and the emulated machine
	@tools/doctor

clean: ## remove all products, the disk image with them
	rm -rf build compile_commands.json .gdbinit

help: ## this list
	@echo 'targets:'
	@sed -n 's/^\([a-z-]*\):[^#=]*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | \
	    grep -vw $(if $(wildcard tools/handout),'^$$',$(KERNELONLY:%=-e '^%')) | \
	    awk -F '\t' '{ printf "  %-14s %s\n", $$1, $$2 }'
	@printf '%s\n' 'variables (make qemu CPUS=4 MEM=1G):' \
	    '  CPUS=$(CPUS)         harts, 1 to 8' \
	    '  MEM=$(MEM)       memory, 32M to 8G' \
	    '  DEBUG=$(DEBUG)        1: checks on, -Og' \
	    '  PLANT=$(PLANT)        1: DEBUG, and the kernel breaks its rules on request (docs/invariants.md)' \
	    '  LAB=           name of an assignment: for handout and grade; defines LAB_NAME' \
	    '  UPROGS_EXTRA=  more programs for the image: files, or folders of them' \
	    '  APPEND=        boot options for the kernel: timing, panic=exit, overcommit, tick;' \
	    '                 with DEBUG=1 also spurious, softad, asids=N (docs/vm.md)' \
	    '  QEMUEXTRA=     more arguments for QEMU' \
	    '  WERROR=$(WERROR)       1: a warning is an error' \
	    '  V=$(V)            1: show the commands' \
	    '  TOOLPREFIX=    $(TOOLPREFIX) (found)' \
	    '  QEMU=          $(QEMU)'

-include $(if $(BUILDING),$(wildcard $(KOBJ:.o=.d) $(ULIB:%=$(O)/%.d) $(USRC:%=$(O)/%.d) \
    $(XPROG:%=$(O)/extra/%.c.d) build/host/mkfs/*.d $(HOSTTEST:%=%.d)))
