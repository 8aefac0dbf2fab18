// Nothing is cut: this is a challenge.  Whoever shares tables has to look at all of these.

// also kernel/vm/*.c
// also kernel/vm/*.h
// also kernel/mem/frame.c
// also kernel/mem/frame.h
// also docs/invariants.md
// also docs/fault.md
// also docs/vm.md
