/* Process 1: mounts the file system on its way to user mode, then is /init. */
#include "kernel/dev/dev.h"
#include "kernel/dev/machine.h"
#include "kernel/fs/fs.h"
#include "kernel/lib/csr.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printf.h"
#include "kernel/proc/proc.h"
#include "kernel/riscv.h"

struct proc *proc_init_process;

static void to_user_mode(void *unused)
{
    (void)unused;
    const char *wrong = fs_mount();
    if (wrong) {
        printf("faultline: no root file system: %s\n", wrong);
        machine_off(1);
    }
    kthread_start("journal", fs_daemon, NULL);
    kthread_start("reclaim", fs_evictor, NULL);
    struct proc *p = proc_self();
    p->cwd = inode_root();
    char *argv[] = {"init"};
    int r = proc_exec("/init", argv, 1);
    if (r < 0) {
        printf("faultline: cannot run /init (error %d)\n", -r);
        machine_off(1);
    }
    p->tf->reg[TF_A0] = 1;
    if (machine_option("timing", NULL, 0))
        printf("boot: %lu instructions\n", sched_busy_instret());
}

void proc_start_init(void)
{
    struct proc *p;
    if (proc_new(&p, "init", true) < 0)
        panic("proc_start_init: no memory for the first process");
    p->reserve = true;
    p->ctx.s[1] = (uint64)to_user_mode;
    p->tf->status = SSTATUS_SPIE;
    proc_init_process = p;
    proc_publish(p, NULL);
    sched_ready(p);
}
