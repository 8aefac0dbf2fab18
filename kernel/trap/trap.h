#ifndef TRAP_TRAP_H
#define TRAP_TRAP_H

#include "kernel/trap/trapframe.h"

/* On every hart, before its interrupts are turned on. */
void trap_init_hart(void);

/* trapentry.S; the comments there say in which state they are reached. */
void trap_entry(void);

/* The rest of the trap, called by trapentry.S with interrupts off, and left with them off. */
void user_trap(struct trapframe *tf, uint64 cause);
void user_trap_leave(void); /* the end of user_trap(), also for a process that starts */
void kernel_trap(struct trapframe *tf, uint64 cause);
void kernel_stack_overflow(uint64 sp, uint64 fp) __attribute__((noreturn));

#endif
