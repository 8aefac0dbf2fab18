"""Every command of tools/gdb, on one hart and on two, on a machine that each test finds at its
prompt and stopped."""

import re

import pytest

from session import Session

NAMES = ("ps areas trapframe pt pages frame who cow user break-user uwhere fault break-fault "
         "fault-step stop-on locks trace check").split()


@pytest.fixture(scope="module", params=[1, 2], ids=["1hart", "2harts"])
def machine_and_gdb(request):
    with Session(cpus=request.param) as s:
        s.cpus = request.param
        yield s


@pytest.fixture
def session(machine_and_gdb):
    machine_and_gdb.reset()
    return machine_and_gdb


def at_walk(session, name, spec):
    """Stops in a walk at the first fault that matches."""
    assert "symbols of" in session.do("user walk")
    session.do(f"break-fault prog=walk {spec}")
    return session.go(f"walk {name}")


def test_gdb_starts_without_a_warning(session):
    assert not re.search("warning|auto-load|[Ee]rror", session.started), session.started


def test_each_command_has_help(session):
    listed = session.do("help faultline")
    for name in NAMES:
        assert re.search(rf"^  {name}\b", listed, re.M), name
        said = session.do(f"help {name}")
        assert said.startswith(name) and len(said) > 60, said
    assert session.do("faultline") == listed


def test_ps(session):
    said = session.do("ps")
    assert re.search(r"^ +1 +0 +sleeping +\d+ +\d+ +init +proc_wait$", said, re.M), said
    assert re.search(r"^ +2 +1 +sleeping +\d+ +\d+ +sh +console_read$", said, re.M), said
    running = re.findall(r"^ +0 +0 +running +(\d) .*\[idle\1\]$", said, re.M)
    assert running == [str(i) for i in range(session.cpus)], said


def test_areas(session):
    said = session.do("areas 2")
    assert said.startswith("pid 2 sh:\n")
    rows = re.findall(r"^(0x\w+) +(0x\w+) +([-r][-w][-x]) +(\w+)", said, re.M)
    assert [r[3] for r in rows[:1]] == ["text"] and "stack" in [r[3] for r in rows]
    places = [(int(a, 16), int(b, 16)) for a, b, _, _ in rows]
    assert all(a < b for a, b in places) and places == sorted(places)
    assert "kernel thread" in session.do("areas .")


def test_areas_and_pmap_call_promises_alike(session):
    """Which of the three words a promise has, of areas at the same addresses."""
    session.machine.line("pmap 2")
    session.interrupt()
    said = session.machine.log.rpartition("$ pmap 2")[2], session.do("areas 2")
    theirs, mine = ({int(a, 16): word for a, word in re.findall(
        r"^ *(0x\w+) .*\b(charged|backed|lazy)\b", text, re.M)} for text in said)
    assert theirs == mine and {"backed", "charged"} <= set(mine.values())


def test_pages_and_pt_agree(session):
    stack = re.search(r"^(0x\w+) to 0x\w+ rw- stack\n  0x\w+  p$", session.do("pages 2"), re.M)
    low = int(stack[1], 16)
    said = session.do(f"pt 2 {low:#x}")
    assert [int(n) for n in re.findall(r"level (\d)", said)] == [2, 1, 0]
    assert "valid, read, write, user, accessed, dirty (not execute, global)" in said, said
    assert re.search(r"frame \d+: anon, count 1", said) and "rw- stack" in said
    absent = session.do(f"pt 2 {low - 0x2000:#x}")
    assert "empty: nothing is mapped" in absent and "no area holds" in absent, absent


def test_pt_of_a_closed_page(session):
    session.do("stop-on crash on")
    address = re.search(r"address=(\d+)", session.go("crash closed"))[1]
    said = session.do(f"pt . {address}")
    assert re.search(r"-{8}\n +page 0x\w+000: not valid, all rights were taken", said), said
    assert re.search(r"promised: \w+ to \w+ --- map", said), said


def test_pt_of_the_kernel_half(session):
    assert "read, execute" in session.do("pt . &panic")
    assert "must be alike" in session.do("pt 2 0x4000000000")


def test_frame_by_address_entry_and_number(session):
    said = session.do("pt 2 0")
    pte = re.findall(r"level 0 .*: (0x\w+) ", said)[0]
    number, pa = re.search(r"frame (\d+)", said)[1], re.search(r"physical address (\w+)", said)[1]
    answers = {session.do(f"frame {what}") for what in (pte, number, pa, "2 0")}
    assert len(answers) == 1
    assert re.match(rf"frame {number}: {pa} to .*\n  state (cache|anon), count \d", answers.pop())


def test_frame_is_still_the_call_stack_s(session):
    session.do("user walk")
    at_walk(session, "cow", "kind=cow va=&shared_page")
    assert re.match(r"#1 .* vm_fault ", session.do("frame 1"))
    assert re.match(r"#1 .* vm_fault ", session.do("frame"))
    assert re.match(r"#0 .* resolve ", session.do("frame function resolve"))


def test_who_and_cow_name_the_relatives(session):
    at_walk(session, "cow", "kind=cow va=&shared_page")
    who = session.do("who . &shared_page")
    pids = re.findall(r"^  pid (\d+) walk +at 0x\w+ +r--ua-$", who, re.M)
    assert len(set(pids)) == 4 and "count 4" in who and "4 entries" in who, who
    cow = session.do(f"cow {pids[0]}")
    shared = re.search(r"^  0x\w+ +to 0x\w+ +count 4 .* rw- data +with (.*)$", cow, re.M)
    assert shared and shared[1].split(", ") == sorted(f"pid {p} walk" for p in pids[1:]), cow


def test_trapframe(session):
    at_walk(session, "cow", "kind=cow va=&shared_page")
    said = session.do("trapframe")
    assert re.search(r"^  pc +0x\w+  touch\+\d+ user/walk\.c:\d+$", said, re.M), said
    assert "registers that it goes back to user mode with" in said
    assert "came from user mode" in said and len(re.findall(r" 0x\w{16} ?", said)) >= 32
    sp = int(re.search(r"\bsp +(0x\w+)", said)[1], 16)
    low, high = re.search(r"^(0x\w+) to (0x\w+) rw- stack", session.do("pages ."), re.M).groups()
    assert int(low, 16) < sp < int(high, 16)
    assert "never in user mode" in session.do("trapframe 0") or "no process 0" in \
        session.do("trapframe 0")


def test_uwhere_crosses_the_trap(session):
    at_walk(session, "copyout", "kind=cow va=&shared_page")
    said = session.do("uwhere")
    kernel, user = said.split("    -- trap from user mode --\n")
    names = re.findall(r"^#\d+ +0x\w+ (\w+)", kernel, re.M)
    assert names[0] == "resolve" and "user_trap" in names and "sys_read" in names, said
    names = re.findall(r"^#\d+ +0x\w+ (\w+)\+\d+ user/", user, re.M)
    assert names == ["read", "child", "share", "copyout", "main", "_start"], said


def calls(said):
    """The functions that uwhere tells, newest first."""
    return re.findall(r"^#\d+ +0x\w+ (\w+)", said, re.M)


SYSTEM_CALL = ["syscall_dispatch", "user_trap", "trap_entry"]


def test_uwhere_has_all_callers_at_every_instruction(session):
    """Also where a function of the kernel has not made its frame, or has undone it."""
    session.do("break sys_pipe")
    assert "Breakpoint" in session.go("echo | cat")
    user = calls(session.do("uwhere"))[len(SYSTEM_CALL) + 1:]
    assert user[:2] == ["pipe", "make_pipe"] and user[-1] == "_start"
    seen = set()
    while "syscall_dispatch" not in (here := calls(session.do("uwhere")))[0]:
        assert here[here.index("sys_pipe") + 1:] == SYSTEM_CALL + user, here
        seen.add(session.do("output $pc"))
        if here[0] == "sys_pipe":
            session.do("stepi")
        else:
            session.do("finish")
    assert len(seen) > 20


def test_uwhere_names_inlined_functions_and_those_they_are_in(session):
    session.do("break signal_deliver")
    assert "Breakpoint" in session.go("usertests signal_to_self")
    kernel = session.do("uwhere").split("    -- trap")[0]
    assert re.findall(r"^#\d+ +0x\w+ (.*) kernel/", kernel, re.M) == \
        ["signal_deliver", "deliver", "leave in user_trap", "trap_entry + 101"], kernel


BOTH = """
import gdb, objects, uwhere
def both():
    names = "zero ra sp gp tp t0 t1 t2 fp".split()
    registers = [objects.register(name) for name in names]
    below = uwhere.caller_saved(objects.process_of(), objects.register("pc"), registers)
    print(gdb.newest_frame().name(), below == uwhere.caller_here())
"""


def test_below_a_trap_callers_are_found_as_in_user_mode(session):
    """gdb, by the compiler's tables, and the commands, by the instructions, agree on the caller."""
    session.do(f"python exec({BOTH!r})")
    for function, place, steps in (("stack", "stack", 8), ("deep", "deep", 20),
                                   ("touch", "touch", 2), ("touch", "walk.c:20", 4)):
        session.do(f"break-user walk {place}")
        assert f"walk comes to {place}" in session.go("walk stack")
        session.do("delete")
        done = 0
        while (said := session.do("python both()").split())[0] == function:
            assert said[1] == "True", session.do("x/i $pc")
            session.do("nexti")
            done += 1
        assert done >= steps, (place, done)
        session.interrupt()


def test_uwhere_of_a_sleeper_and_in_user_mode(session):
    assert re.search(r"console_read.*-- trap.*\bread\+\d+ .*\bmain\+", session.do("uwhere 2"), re.S)
    at_walk(session, "cow", "kind=cow va=&shared_page")
    for _ in range(4):
        session.do("fault-step")
    names = re.findall(r"^#\d+ +0x\w+ (\w+)", session.do("uwhere"), re.M)
    assert names == ["touch", "child", "share", "cow", "main", "_start"]


def test_fault_predicts_what_find_decides(session):
    """The rule from outside and the kernel's, on live memory, while nothing has been done yet."""
    session.do("user walk")
    session.do("break-fault prog=walk")
    session.do("python import moment")
    kinds = set()
    session.machine.line("walk heap; walk cow; walk stack; walk guard")
    while "BAD" not in kinds:       # the last fault of all
        if "the entry is as it was" not in session.do("continue"):
            continue
        its, mine = session.do("python m = moment.handled(); "
                               "print(m.known_kind(), m.predicted())").split()
        # The stack has grown meanwhile; a preemption may have let another holder go.
        assert mine == its or its == "STACK" and mine in ("LAZY", "ZERO") \
            or (its, mine) == ("COW", "REUSE")
        kinds.add(its)
    assert kinds >= {"LAZY", "COW", "ZERO", "REUSE", "STACK", "FILE+COW"}, kinds


def test_a_stack_has_grown_where_break_fault_stops(session):
    said = at_walk(session, "stack", "kind=stack")
    area = re.search(r"^  area +(0x\w+) to (0x\w+) rw- stack, has grown down to the page$", said,
                     re.M)
    assert re.search(rf"^{area[1]} +{area[2]} .* stack ", session.do("areas ."), re.M)
    assert "take a zeroed frame and map it" in said and "grow the" not in said, said
    session.do("delete")
    session.do("user walk")
    session.do("break find")
    session.go("walk stack")
    while "kind    STACK" not in (said := session.do("fault")):
        session.do("continue")
    assert "rw- stack, grows down to the page" in said, said
    assert "grow the stack area down to the page, then" in said, said


def test_a_copy_of_the_zero_frame_is_none(session):
    said = at_walk(session, "heap", "kind=cow area=heap")
    assert "kind    COW" in said and "the zero frame" in said, said
    assert "take a zeroed frame and map it" in said and "holder" not in said, said


def test_fault_when_there_is_none(session):
    assert "no page fault is being handled here" in session.do("fault")
    assert "no page fault is being handled" in session.do("fault-step")


def test_break_fault_by_kind_page_pid_and_program(session):
    said = at_walk(session, "cow", "kind=reuse")
    assert "a fault of kind REUSE" in said and " walk: write of " in said, said
    assert "has been dealt with" in session.do("continue")
    session.reset()
    said = at_walk(session, "heap", "area=heap kind=zero")
    assert "a fault of kind ZERO" in said and "rw- heap" in said, said
    pid = re.search(r"pid (\d+)", said)[1]
    session.do("delete")
    session.do(f"break-fault pid={pid} va=heap_page+4096")
    assert "the fault of kind ZERO has been dealt with" in session.do("continue")
    assert "a fault of kind COW" in session.do("continue")


def test_break_fault_refuses_what_it_does_not_know(session):
    for words, why in (("kind=cov", "no such kind"), ("area=roof", "no such area"),
                       ("pit=3", "usage"), ("cow", "usage"), ("va=", "usage"),
                       ("va=no_such_thing", "No symbol")):
        assert why in session.do(f"break-fault {words}"), words
    assert "No breakpoints" in session.do("info breakpoints")


def test_break_user_stops_in_one_program_only(session):
    """All programs begin at the same address; also while the symbols of another one are loaded."""
    assert "has no sys_pipe" in session.do("break-user walk sys_pipe")
    assert "not defined" in session.do("break-user walk no_such_function")
    assert "there is no program roof" in session.do("break-user roof main")
    assert "usage" in session.do("break-user walk")
    assert "No breakpoints" in session.do("info breakpoints")
    said = session.do("break-user walk _start")
    address = re.search(r"Breakpoint \d+ at (0x\w+): file user/lib/start\.c", said)[1]
    session.do("user sh")
    session.do(f"tbreak *{address}")
    said = session.go("echo; walk stack")
    assert "Temporary breakpoint" in said and "comes to" not in said, said
    assert re.search(r" echo$", session.do("ps"), re.M)
    said = session.do("continue")
    assert re.search(r"^--- pid \d+ walk comes to _start ---$", said, re.M), said
    assert re.search(r"^#0 +0x\w+ _start user/lib/start\.c", session.do("uwhere"), re.M)


def test_stop_on_crash_and_panic(session):
    assert session.do("stop-on") == "stop-on panic off\nstop-on crash off\nstop-on lab off\n"
    session.do("stop-on crash on")
    said = session.go("crash null")
    assert re.search(r"pid \d+ crash is about to be killed", said), said
    session.do("user crash")
    assert re.search(r"\bdie .*-- trap.*\bnull\+\d+ user/crash", session.do("uwhere"), re.S)
    assert "stop-on crash on\n" in session.do("stop-on")
    assert "not the handout of a lab" in session.do("stop-on lab on")


def test_locks(session):
    assert session.do("locks") == "no lock is held\n"
    at_walk(session, "cow", "kind=cow va=&shared_page")
    said = session.do("locks")
    assert re.search(r'^mutex "space" of space of (pid \d+ walk): held by \1$', said, re.M), said
    session.do("delete")
    session.do("tbreak spin_unlock")
    session.do("continue")
    assert re.search(r"^hart \d holds \d+ spin locks?, of rank \w+", session.do("locks"), re.M)


def test_trace_is_that_of_the_kernel(session):
    session.machine.line("walk heap")
    session.interrupt()
    rows = re.findall(r"^ *[\d.]+ +\d+ +\d+ +(\S+) +([rwx]) .* OK$", session.do("trace 200"), re.M)
    assert ("ZERO", "r") in rows and ("LAZY", "w") in rows
    assert len(session.do("trace 3").splitlines()) == 4
    assert "usage" in session.do("trace 0")


def test_check_finds_nothing_wrong(session):
    assert re.search(r"^0 rules broken, \d+ spaces, \d+ frames", session.do("check"), re.M)
    at_walk(session, "cow", "kind=cow va=&shared_page")
    said = session.do("check")
    assert re.search(r"^note: the space of pid \d+ walk is locked", said, re.M), said


def planted(session, address, size, value):
    """Writes to the guest's memory, looks, and takes it back; what `check` said."""
    kind = {1: "unsigned char", 4: "unsigned int", 8: "unsigned long"}[size]
    old = session.do(f"output *({kind} *){address:#x}")
    old = int(re.match(r"(\d+)", old)[1])
    session.do(f"set var *({kind} *){address:#x} = {value(old)}")
    said = session.do("check")
    session.do(f"set var *({kind} *){address:#x} = {old}")
    assert "\n0 rules broken" in "\n" + session.do("check")
    return said


def slot_of(session, va):
    """The kernel's address of the level-0 entry of the shell for va."""
    at = re.search(r"level 0 entry +\d+ at (0x\w+)", session.do(f"pt 2 {va:#x}"))[1]
    return 0xffffffc000000000 + int(at, 16)


def test_check_finds_what_is_planted(session):
    stack = int(re.search(r"^(0x\w+) to 0x\w+ rw- stack", session.do("pages 2"), re.M)[1], 16)
    slot = slot_of(session, stack)
    for bits, rule in ((8, "V11"), (1 << 4, "V2")):
        said = planted(session, slot, 8, lambda old, bits=bits: old ^ bits)
        assert re.search(rf"^{rule} broken: ", said, re.M), said
        assert f"pid 2 sh at {stack:#x}" in said and re.search(r"frame \d+ ", said), said
    text = planted(session, slot_of(session, 0), 8, lambda old: old | 4)
    assert re.search(r"^(V11|V2) broken: ", text, re.M) and "pid 2 sh at 0x0" in text, text


def test_check_finds_a_wrong_count(session):
    said = session.do("pt 2 0")
    number = int(re.search(r"frame (\d+)", said)[1])
    session.do(f"set $entry = &frame_table[{number}]")
    address = int(re.match(r"\d+", session.do("output (unsigned long)&$entry->refs"))[0])
    wrong = planted(session, address, 4, lambda old: old + 1)
    assert re.search(r"^V4 broken: ", wrong, re.M) and f"frame {number} " in wrong, wrong
    address = int(re.match(r"\d+", session.do("output (unsigned long)&$entry->state"))[0])
    wrong = planted(session, address, 1, lambda old: 77)
    assert re.search(r"^V7 broken: .*no known state", wrong, re.M), wrong


def test_check_finds_a_byte_of_the_zero_frame(session):
    at = session.do("output (unsigned long)frame_memory + (pmap_zero - frame_table) * 4096 + 4088")
    said = planted(session, int(re.match(r"\d+", at)[0]), 8, lambda old: old + 1)
    assert re.search(r"^V13 broken: the zero frame is all zeros: ", said, re.M), said
    assert "\n1 rule broken" in "\n" + said, said


def test_damaged_memory_gets_a_message(session):
    """Pointers that lead nowhere, lists and trees that run in circles: a line, and gdb lives on."""
    address = int(re.match(r"\d+", session.do("output (unsigned long)&'proc.c'::all"))[0])
    old = int(re.match(r"\d+", session.do(f"output *(unsigned long *){address}"))[0])
    for value in (0, 8, 0xffffffc0fffffff0, 0xffffffffffffffff, address - 64, old + 1):
        session.do(f"set var *(unsigned long *){address} = {value}")
        for command in ("ps", "areas 2", "pages 2", "pt 2 0", "who 2 0", "cow 2", "uwhere 2",
                        "trapframe 2", "locks", "fault", "trace 2", "check"):
            said = session.do(command)
            assert said and "Traceback" not in said and "Python Exception" not in said, \
                (hex(value), command, said)
    session.do(f"set var *(unsigned long *){address} = {old}")
    assert "sh" in session.do("ps")


def test_a_damaged_space_gets_a_message(session):
    session.do("set $all = &'proc.c'::all")
    session.do("set $last = (struct proc *)((char *)$all->prev - (long)&((struct proc *)0)->all)")
    assert '"sh' in session.do("output $last->name")
    for field in ("areas.root", "root", "user", "lock.waiters.sleepers.next"):
        place = f"*(unsigned long *)&$last->space->{field}"
        old = int(re.match(r"\d+", session.do(f"output {place}"))[0])
        for value in (8, 0xffffffc0fffffff0, 0x1234567890abcdef, old ^ 0x1000):
            session.do(f"set var {place} = {value}")
            for command in ("ps", "areas 2", "pages 2", "pt 2 0", "who 2 0", "cow 2", "locks",
                            "check"):
                said = session.do(command)
                assert said and "Traceback" not in said and "Python Exception" not in said, \
                    (field, hex(value), command, said)
        session.do(f"set var {place} = {old}")
    assert "0 rules broken" in session.do("check")


def test_nothing_is_changed(session):
    """All commands that look: memory and registers of the machine stay as they are."""
    at_walk(session, "cow", "kind=cow va=&shared_page")

    def state():
        return session.do("info registers"), session.do("x/512xg frame_table"), \
            session.do("x/256xg &harts")

    before = state()
    for command in ("ps", "areas .", "trapframe", "pt . 0", "pages .", "frame . 0", "who . 0",
                    "cow .", "uwhere", "fault", "locks", "trace", "check"):
        session.do(command)
    assert state() == before


def test_each_hart_can_be_selected(session):
    for i in range(session.cpus):
        session.do(f"thread {i + 1}")
        assert session.do("fault").startswith(f"hart {i}: ")
        assert "init" in session.do("ps") and "0 rules broken" in session.do("check")
    session.do("thread 1")
