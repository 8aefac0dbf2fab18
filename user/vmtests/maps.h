#ifndef VMTESTS_MAPS_H
#define VMTESTS_MAPS_H

#include "kernel/mman.h"
#include "kernel/vm.h"
#include "user/vmtests/vm.h"

#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define FIXED (ANON | MAP_FIXED)

/* --- maps.c ---------------------------------------------------------------------------------- */

char *map_pages(int n);                     /* private, readable and writable, where it likes */
char *map_fixed(char *at, int n, int prot); /* private */
char *map_shared(int n);                    /* among relatives */

/* A shared mapping, readable and writable, of the first n bytes of a file, which is opened for it.
 */
char *map_file(const char *path, int n);

char *heap_end(void);   /* the break, which is moved to the end of its page */
char *stack_room(void); /* the lowest address to which the stack may grow */

/* Areas that have a page in the n from p on. */
int areas_in(const char *p, int n);

/* Pages promised in the whole machine; it does not fault. */
long committed(void);

/* What the page table of process `pid` says of p; 0: of our own. */
struct pageinfo page_of(int pid, const void *p);

/* --- A child that does as it is told --------------------------------------------------------- */

void puppet_start(int i);                    /* number i of PUPPETS, with a copy of all memory */
void puppet_store(int i, char *p, int mark); /* it writes to *p, and has written */
int puppet_load(int i, const char *p);       /* what it reads there */
struct pageinfo puppet_page(int i, const char *p); /* of its page table */
void puppet_end(int i);                            /* it exits, and is waited for */

#define PUPPETS 3

#endif
