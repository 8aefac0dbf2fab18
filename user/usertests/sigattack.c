/* Programs that mean ill: hostile frames, handlers that are none, floods. */
#include "user/usertests/signals.h"

/* --- hostile frames --------------------------------------------------------------------------- */

enum { FRAME_WORDS = 38 }; /* the siginfo, which is the first, and what follows it */

/* A mask with which at least these survive: whoever is attacked can always be killed. */
static void scramble(int sig, struct siginfo *info)
{
    uint64 *frame = (uint64 *)info;
    (void)sig;
    for (int i = 0; i < FRAME_WORDS; i++)
        if (data_random() % 4 == 0)
            frame[i] = data_random() % 3 ? data_random() : bad_addresses[data_random() % 6];
}

static void return_from(long seed)
{
    for (long i = 0; i < seed; i++)
        data_random();
    signal_catch(SIGSEGV, scramble, 0);
    signal_catch(SIGUSR1, scramble, 0);
    for (int i = 0; i < 20; i++)
        sigsend(getpid(), SIGUSR1);
    exit(STATUS_PASSED);
}

/* Whatever comes back from the stack: the process goes on somewhere or ends, nothing else does. */
void attack_frames(void)
{
    for (int seed = 0; seed < 60; seed++) {
        int pid = child_fork();
        if (pid == 0)
            return_from(seed);
        pause(0);
        for (int i = 0; i < 50; i++)
            yield();
        kill(pid); /* it may be in a loop by now */
        int status;
        SAME(wait(&status), pid);
    }
}

static int field; /* of the frame, as a word number, and what is put there */
static uint64 value;

static void set_field(int sig, struct siginfo *info)
{
    (void)sig;
    ((uint64 *)info)[field] = value;
}

static void return_with(long unused)
{
    (void)unused;
    signal_catch(SIGUSR1, set_field, 0);
    sigsend(getpid(), SIGUSR1);
}

enum { PC = 3, SP = PC + 2, LAST_FILLED = PC + 11, BLOCKED = PC + 32, ERROR, PREVIOUS };

/* One field at a time: each pc in the kernel's half is an address like any other. */
void attack_fields(void)
{
    for (int i = 0; bad_addresses[i]; i++) {
        value = bad_addresses[i];
        field = PC;
        KILLED(return_with, 0);
        field = SP;
        int status = child_status(return_with, 0); /* ends when it uses its stack, if it does */
        CHECK(status == -1 || status == STATUS_PASSED);
        field = BLOCKED;
        PASSES(return_with, 0);
        field = ERROR;
        PASSES(return_with, 0);
        field = PREVIOUS;
        PASSES(return_with, 0);
    }
}

/* Without a frame that can be read there is nothing to go back to. */
static void forget_frame(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
    REFUSED(sigreturn(), EFAULT);
    exit(STATUS_PASSED);
}

static void return_to_bad_frame(long unused)
{
    (void)unused;
    field = PREVIOUS;
    value = TRAPFRAME;
    signal_catch(SIGUSR1, set_field, 0);
    SAME(sigsend(getpid(), SIGUSR1), 0);
    forget_frame(0, 0);
}

/* --- SIGKILL waits for nothing ---------------------------------------------------------------- */

static int ready[2], killed[2];

/* What is to be read here is written when SIGKILL is pending: nobody gets behind the read. */
static void await_kill(void)
{
    char c;
    SAME(write(ready[1], "r", 1), 1);
    read(killed[0], &c, 1);
    exit(STATUS_FAILED);
}

/* The status of a child that is killed when block() has come to await_kill(). */
static int killed_in(void (*block)(void))
{
    char c;
    MUST(pipe(ready));
    MUST(pipe(killed));
    int pid = child_fork();
    if (pid == 0)
        block();
    SAME(close(ready[1]), 0);
    SAME(read(ready[0], &c, 1), 1);
    SAME(kill(pid), 0);
    SAME(write(killed[1], "k", 1), 1);
    int status = child_wait(pid);
    SAME(close(ready[0]) + close(killed[0]) + close(killed[1]), 0);
    return status;
}

static void block_by_frame(void)
{
    field = BLOCKED;
    value = -1ul;
    signal_catch(SIGUSR1, set_field, 0);
    SAME(sigsend(getpid(), SIGUSR1), 0);
    SAME(sigsend(getpid(), SIGTERM), 0); /* waits */
    await_kill();
}

void attack_mask(void)
{
    PASSES(return_to_bad_frame, 0);
    SAME(killed_in(block_by_frame), -1);
}

static void stay(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
    await_kill();
}

static void block_by_handler(void)
{
    signal_catch(SIGUSR1, stay, -1ul);
    SAME(sigsend(getpid(), SIGUSR1), 0);
    exit(STATUS_PASSED); /* which is wrong here, too */
}

static void return_with_all_masked(long unused)
{
    (void)unused;
    signal_catch(SIGUSR1, signal_note, -1ul);
    SAME(sigsend(getpid(), SIGUSR1), 0);
    SAME(signal_calls, 1);
}

/* The mask of a handler may have any bits: it can be killed all the same, and return. */
void attack_handler_mask(void)
{
    SAME(killed_in(block_by_handler), -1);
    PASSES(return_with_all_masked, 0);
}

/* --- what frames tell ------------------------------------------------------------------------- */

static volatile long looked;

/* Words between the last address and the small negative numbers are nobody's here but the kernel's
   or of who had the memory before. */
static void look_for_secrets(int sig, struct siginfo *info)
{
    const uint64 *frame = (const uint64 *)info;
    signal_note(sig, info);
    if (frame[LAST_FILLED] != SIGREGS_LAST)
        return; /* it came before the loop: there may be any numbers in the registers */
    for (int i = 0; i < FRAME_WORDS; i++)
        CHECK(frame[i] < MAXVA || frame[i] >= -4096ul);
    SAME(frame[PREVIOUS], 0);
    looked = 1;
}

static void __attribute__((noinline)) soil_stack(void)
{
    volatile char below[1500]; /* where the frame comes: what is not written would show */
    for (uint i = 0; i < sizeof below; i++)
        below[i] = (char)0xc0;
}

void attack_secrets(void)
{
    SAME(sigalarm(1, (void (*)())look_for_secrets), 0);
    soil_stack();
    SAME(sigregs_a(&looked), 0);
    SAME(sigalarm(0, 0), 0);
    CHECK(signal_calls > 0);
}

/* --- handlers that are none ------------------------------------------------------------------- */

static void call_handler(long at)
{
    struct sigaction a = {(signal_handler *)at, 0, 0};
    SAME(sigaction(SIGUSR1, &a, 0), 0);
    sigsend(getpid(), SIGUSR1);
}

static void call_alarm(long at)
{
    SAME(sigalarm(1, (void (*)())at), 0);
    for (;;)
        ;
}

static void call_by_fault(long at)
{
    struct sigaction a = {(signal_handler *)at, 0, 0};
    SAME(sigaction(SIGSEGV, &a, 0), 0);
    *(volatile char *)TRAPFRAME;
}

void attack_handlers(void)
{
    char *heap = heap_pages(1);
    const uint64 extra[] = {(uint64)heap, (uint64)scratch & ~1ul, TRAPFRAME + 2, 3ul << 36};
    for (int i = 0; bad_addresses[i]; i++) {
        KILLED(call_handler, bad_addresses[i] & ~1ul);
        KILLED(call_by_fault, bad_addresses[i] & ~1ul);
    }
    for (uint i = 0; i < sizeof extra / sizeof extra[0]; i++) {
        KILLED(call_handler, extra[i]);
        KILLED(call_by_fault, extra[i]);
    }
    KILLED(call_alarm, heap);
}

/* --- floods ----------------------------------------------------------------------------------- */

enum { RECEIVERS = 3, SENDERS = 4, SENDINGS = 400 };

static volatile long enough;

/* Ends when it has got SIGTERM, which comes when all that was sent before has been sent. */
static void finish(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
    enough = 1;
}

static void receive(int ready)
{
    signal_catch(SIGUSR1, signal_note, 0);
    signal_catch(SIGINT, signal_note, 1ul << SIGUSR1);
    signal_catch(SIGTERM, finish, 0);
    SAME(write(ready, "r", 1), 1);
    SAME(sigregs_a(&enough), 0);
    CHECK(signal_calls > 0);
    exit(STATUS_PASSED);
}

static int receivers[RECEIVERS];

static void flood(long i)
{
    for (int n = 0; n < SENDINGS; n++) {
        SAME(sigsend(receivers[(n + i) % RECEIVERS], n % 3 ? SIGUSR1 : SIGINT), 0);
        if (n % 50 == 0)
            yield();
    }
}

void attack_storm(void)
{
    int ends[2], status, pid;
    char c;
    MUST(pipe(ends));
    for (int i = 0; i < RECEIVERS; i++) {
        receivers[i] = child_fork();
        if (receivers[i] == 0)
            receive(ends[1]);
        SAME(read(ends[0], &c, 1), 1);
    }
    int captain = child_fork(); /* waits for the senders alone */
    if (captain == 0) {
        crowd(SENDERS, flood);
        exit(STATUS_PASSED);
    }
    SAME(child_wait(captain), STATUS_PASSED);
    for (int i = 0; i < RECEIVERS; i++)
        SAME(sigsend(receivers[i], SIGTERM), 0);
    for (int i = 0; i < RECEIVERS; i++) {
        pid = MUST(wait(&status));
        CHECK(pid == receivers[0] || pid == receivers[1] || pid == receivers[2]);
        SAME(status, STATUS_PASSED);
    }
}
