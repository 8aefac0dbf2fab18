/*
 * vmtests: memory, as programs see it (user/testlib/driver.c has its options).  The names say what
 * is covered: fault_ROW for each row of docs/fault.md, pitfall_NN_* for what kernels like this one
 * get wrong, case_* for the cases of copy-on-write.  tests/test_vmtests.py looks that none is
 * missing.
 */
#include "user/testlib/run.h"

#define ALL_TESTS(TEST, SLOW)                                                                      \
    /* rows.c */                                                                                   \
    TEST(fault_bad)                                                                                \
    TEST(fault_prot)                                                                               \
    TEST(fault_stack)                                                                              \
    TEST(fault_zero)                                                                               \
    TEST(fault_lazy)                                                                               \
    TEST(fault_cow)                                                                                \
    TEST(fault_reuse)                                                                              \
    TEST(fault_spurious)                                                                           \
    /* cases.c */                                                                                  \
    TEST(case_1_private_written_later)                                                             \
    TEST(case_2_shared)                                                                            \
    TEST(case_3_copied_before_fork)                                                                \
    TEST(case_4_all_read_only)                                                                     \
    /* cow.c */                                                                                    \
    TEST(cow_child_writes)                                                                         \
    TEST(cow_parent_writes)                                                                        \
    TEST(pitfall_06_shared_again)                                                                  \
    TEST(cow_crowd)                                                                                \
    TEST(pitfall_08_many_sharers)                                                                  \
    TEST(cow_by_kernel)                                                                            \
    TEST(cow_while_reading)                                                                        \
    TEST(cow_promise)                                                                              \
    TEST(cow_charged_at_fork)                                                                      \
    TEST(cow_storm)                                                                                \
    TEST(cow_price)                                                                                \
    /* forks.c */                                                                                  \
    TEST(pitfall_01_counts_on_all_harts)                                                           \
    TEST(pitfall_02_every_path_lets_go)                                                            \
    TEST(pitfall_04_text_stays_readonly)                                                           \
    TEST(pitfall_05_copyout_to_shared)                                                             \
    TEST(pitfall_06_copies_of_copies)                                                              \
    TEST(pitfall_07_shared_stays_shared)                                                           \
    TEST(pitfall_09_last_owner_writes_in_place)                                                    \
    TEST(pitfall_14_parent_forgets)                                                                \
    TEST(pitfall_12_pinned_page_shared)                                                            \
    TEST(pitfall_13_copyout_during_fork)                                                           \
    /* forkfails.c */                                                                              \
    TEST(pitfall_03_fork_fails_halfway)                                                            \
    SLOW(pitfall_03_fork_without_frames)                                                           \
    /* heap.c */                                                                                   \
    TEST(heap_moves)                                                                               \
    TEST(heap_regrows_zero)                                                                        \
    TEST(heap_ends_there)                                                                          \
    TEST(pitfall_17_shrink_limits)                                                                 \
    TEST(heap_honest)                                                                              \
    TEST(heap_lazy_sparse)                                                                         \
    TEST(heap_lazy_shrinks)                                                                        \
    TEST(heap_huge)                                                                                \
    SLOW(heap_keeps_promise)                                                                       \
    SLOW(heap_sparse_reader)                                                                       \
    SLOW(heap_exhausts_memory)                                                                     \
    SLOW(heap_contended)                                                                           \
    /* access.c */                                                                                 \
    TEST(access_kernel)                                                                            \
    TEST(access_upper_half)                                                                        \
    TEST(access_text)                                                                              \
    TEST(pitfall_04_text_after_fork)                                                               \
    TEST(access_constants)                                                                         \
    TEST(access_no_execute)                                                                        \
    TEST(stack_grows)                                                                              \
    TEST(stack_overflow)                                                                           \
    TEST(pitfall_18_below_pointer)                                                                 \
    TEST(pitfall_18_guard)                                                                         \
    TEST(stack_grows_in_call)                                                                      \
    TEST(pitfall_18_below_pointer_in_call)                                                         \
    TEST(stack_pointer_astray)                                                                     \
    TEST(access_privileged)                                                                        \
    TEST(stack_canary)                                                                             \
    /* pointers.c */                                                                               \
    TEST(pointer_untouched)                                                                        \
    TEST(pointer_untouched_forked)                                                                 \
    TEST(pointer_path_at_end)                                                                      \
    TEST(pitfall_20_partial_write)                                                                 \
    TEST(pitfall_20_partial_pipe)                                                                  \
    TEST(pointer_lengths)                                                                          \
    TEST(pitfall_42_padding)                                                                       \
    /* calls.c */                                                                                  \
    TEST(pitfall_16_results)                                                                       \
    TEST(pitfall_16_arguments)                                                                     \
    TEST(pointer_bad)                                                                              \
    TEST(pointer_partly_bad)                                                                       \
    TEST(pitfall_41_copyout_to_text)                                                               \
    TEST(pitfall_16_exec)                                                                          \
    /* copies.c */                                                                                 \
    TEST(pitfall_10_each_fault_helps)                                                              \
    TEST(pitfall_11_area_decides)                                                                  \
    TEST(pitfall_15_zero_frame)                                                                    \
    TEST(pitfall_17_break_borders)                                                                 \
    TEST(pitfall_18_stack_room)                                                                    \
    SLOW(pitfall_19_no_memory_in_call)                                                             \
    TEST(pitfall_21_untouched)                                                                     \
    TEST(pitfall_42_structs)                                                                       \
    TEST(pitfall_42_registers)                                                                     \
    TEST(pitfall_48_pipe)                                                                          \
    TEST(pitfall_48_wait)                                                                          \
    TEST(pitfall_48_console_write)                                                                 \
    /* mmap.c */                                                                                   \
    TEST(mmap_reads_zero)                                                                          \
    TEST(mmap_goes_down)                                                                           \
    TEST(mmap_takes_hints)                                                                         \
    TEST(mmap_stops_heap)                                                                          \
    TEST(mmap_replaces)                                                                            \
    TEST(pitfall_22_arguments)                                                                     \
    TEST(mmap_honest)                                                                              \
    TEST(mmap_charges)                                                                             \
    TEST(mmap_over_fork)                                                                           \
    TEST(mmap_ends_with_exec)                                                                      \
    TEST(mmap_under_vfork)                                                                         \
    /* munmap.c */                                                                                 \
    TEST(pitfall_22_unmap_parts)                                                                   \
    TEST(pitfall_22_unmap_untouched)                                                               \
    TEST(munmap_forgets)                                                                           \
    TEST(munmap_means_it)                                                                          \
    TEST(munmap_heap)                                                                              \
    TEST(munmap_lazy_heap)                                                                         \
    TEST(munmap_program)                                                                           \
    /* mprotect.c */                                                                               \
    TEST(mprotect_splits_and_joins)                                                                \
    TEST(mprotect_means_it)                                                                        \
    TEST(mprotect_none_keeps)                                                                      \
    TEST(mprotect_refuses)                                                                         \
    TEST(mprotect_charges)                                                                         \
    TEST(mprotect_shared_frames)                                                                   \
    TEST(mprotect_program)                                                                         \
    TEST(stack_keeps_rights)                                                                       \
    /* memory.c */                                                                                 \
    TEST(madvise_forgets)                                                                          \
    TEST(madvise_lazy_heap)                                                                        \
    TEST(madvise_refuses)                                                                          \
    TEST(mincore_tells)                                                                            \
    TEST(pgaccess_tells)                                                                           \
    TEST(pgaccess_refuses)                                                                         \
    /* shared.c */                                                                                 \
    TEST(shared_between_children)                                                                  \
    TEST(shared_charged_once)                                                                      \
    TEST(shared_in_parts)                                                                          \
    TEST(shared_over_generations)                                                                  \
    TEST(pitfall_07_shared_not_private)                                                            \
    TEST(shared_by_kernel)                                                                         \
    /* c15.c */                                                                                    \
    TEST(c15_private_after_fork)                                                                   \
    TEST(c15_shared)                                                                               \
    TEST(c15_private_copied_before_fork)                                                           \
    TEST(c15_second_child_and_last_owner)                                                          \
    /* mmaprandom.c */                                                                             \
    TEST(mmap_random)                                                                              \
    TEST(mmap_many_areas)                                                                          \
    /* mapfile.c */                                                                                \
    TEST(mapfile_shows_file)                                                                       \
    TEST(mapfile_private)                                                                          \
    TEST(pitfall_22_files)                                                                         \
    TEST(pitfall_23_beyond_end)                                                                    \
    TEST(pitfall_24_write_is_seen)                                                                 \
    TEST(pitfall_23_truncated)                                                                     \
    TEST(pitfall_25_file_into_itself)                                                              \
    TEST(mapfile_parts)                                                                            \
    TEST(mapfile_over_fork)                                                                        \
    TEST(fault_file)                                                                               \
    TEST(mapfile_around)                                                                           \
    TEST(mapfile_around_others)                                                                    \
    TEST(fault_file_cow)                                                                           \
    TEST(fault_eof)                                                                                \
    /* mapwrite.c */                                                                               \
    TEST(mapwrite_reaches_file)                                                                    \
    TEST(fault_dirty)                                                                              \
    TEST(mapwrite_is_told)                                                                         \
    TEST(mapwrite_msync)                                                                           \
    TEST(pitfall_23_never_longer)                                                                  \
    TEST(mapwrite_over_fork)                                                                       \
    TEST(mapwrite_unlinked)                                                                        \
    TEST(pitfall_24_both_ways)                                                                     \
    TEST(pitfall_25_shared_into_itself)                                                            \
    TEST(pitfall_23_truncated_dirty)                                                               \
    TEST(mapwrite_from_all)

#define ALL_HELPERS(HELPER)                                                                        \
    HELPER(console)                                                                                \
    HELPER(arguments)                                                                              \
    HELPER(mapped)

TEST_PROGRAM("vmtests", ALL_TESTS, ALL_HELPERS)
