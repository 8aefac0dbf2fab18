#ifndef TRAP_IPI_H
#define TRAP_IPI_H

#include "kernel/types.h"

/*
 * Interrupts between harts by the ACLINT's supervisor software interrupts (RISC-V ACLINT
 * specification, "SSWI").  ipi_send() never waits.
 */
enum ipi_reason { IPI_RESCHEDULE = 1, IPI_TLB = 2, IPI_STOP = 4, IPI_PAUSE = 8 };

void ipi_send(uint hart, enum ipi_reason why); /* index into harts[] */
void ipi_stop_others(void);                    /* all harts but this one sleep for ever */
void ipi_interrupt(void);

/*
 * Between the two, every other hart stands in its interrupt handler, so none of them holds a spin
 * lock, and answers TLB requests; interrupts are off here.  One caller at a time, who may sleep.
 */
void ipi_pause_others(void);
void ipi_resume_others(void);

#endif
