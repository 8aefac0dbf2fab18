/*
 * usertests: the system calls, as programs see them (user/testlib/driver.c has its options).
 * All tests, in the order in which they run: first what the others build on.  A new test is a
 * function in one of the files beside this one and a line in ALL_TESTS.
 */
#include "user/testlib/run.h"

#define ALL_TESTS(TEST, SLOW)                                                                      \
    /* process.c */                                                                                \
    TEST(fork_ids)                                                                                 \
    TEST(exit_values)                                                                              \
    TEST(wait_nowhere)                                                                             \
    TEST(wait_bad_address)                                                                         \
    TEST(wait_collects_all)                                                                        \
    TEST(zombies_are_charged)                                                                      \
    TEST(fork_isolates)                                                                            \
    TEST(fork_heap_apart)                                                                          \
    TEST(fork_shares_offset)                                                                       \
    TEST(exit_closes)                                                                              \
    TEST(orphan_adopted)                                                                           \
    TEST(exit_races)                                                                               \
    TEST(fork_chain)                                                                               \
    /* kills.c */                                                                                  \
    TEST(kill_nobody)                                                                              \
    TEST(kill_init)                                                                                \
    TEST(kill_self)                                                                                \
    TEST(kill_spinning)                                                                            \
    TEST(kill_pausing)                                                                             \
    TEST(kill_reading_pipe)                                                                        \
    TEST(kill_writing_pipe)                                                                        \
    TEST(kill_waiting)                                                                             \
    TEST(kill_newborn)                                                                             \
    TEST(kill_zombie)                                                                              \
    TEST(kill_in_files)                                                                            \
    TEST(kill_each_other)                                                                          \
    /* execs.c */                                                                                  \
    TEST(exec_arguments)                                                                           \
    TEST(exec_many_arguments)                                                                      \
    TEST(exec_long_arguments)                                                                      \
    TEST(exec_missing)                                                                             \
    TEST(exec_bad_vector)                                                                          \
    TEST(exec_refused_harmless)                                                                    \
    TEST(exec_keeps)                                                                               \
    TEST(exec_keeps_writers_out)                                                                   \
    TEST(exec_of_open_file)                                                                        \
    TEST(exec_of_mapped_file)                                                                      \
    TEST(exec_fresh_memory)                                                                        \
    TEST(exec_crowd)                                                                               \
    TEST(exec_again)                                                                               \
    TEST(exec_names)                                                                               \
    TEST(exec_through_link)                                                                        \
    /* elfs.c */                                                                                   \
    TEST(elf_correct)                                                                              \
    TEST(elf_truncated)                                                                            \
    TEST(elf_identity)                                                                             \
    TEST(elf_write_and_execute)                                                                    \
    TEST(elf_header_table)                                                                         \
    TEST(elf_segment_sizes)                                                                        \
    TEST(elf_segment_places)                                                                       \
    TEST(elf_segment_offsets)                                                                      \
    TEST(elf_entry)                                                                                \
    TEST(elf_clean_registers)                                                                      \
    TEST(elf_zero_tail)                                                                            \
    TEST(elf_mutants)                                                                              \
    TEST(exec_then_unlink)                                                                         \
    /* paging.c */                                                                                 \
    TEST(paging_text_shared)                                                                       \
    TEST(paging_areas)                                                                             \
    TEST(paging_data_private)                                                                      \
    /* files.c */                                                                                  \
    TEST(file_open_modes)                                                                          \
    TEST(file_sizes)                                                                               \
    TEST(file_end)                                                                                 \
    TEST(file_big_write)                                                                           \
    TEST(file_overwrite)                                                                           \
    TEST(file_append)                                                                              \
    TEST(file_append_crowd)                                                                        \
    TEST(file_truncate)                                                                            \
    TEST(file_own_offsets)                                                                         \
    TEST(file_stat_fields)                                                                         \
    TEST(file_unlinked_lives)                                                                      \
    TEST(file_unlinked_killed)                                                                     \
    TEST(file_double_indirect)                                                                     \
    SLOW(file_largest)                                                                             \
    TEST(file_fsync)                                                                               \
    /* names.c */                                                                                  \
    TEST(name_lengths)                                                                             \
    TEST(name_path_limit)                                                                          \
    TEST(name_slashes)                                                                             \
    TEST(name_bytes)                                                                               \
    TEST(dir_make_remove)                                                                          \
    TEST(dir_not_written)                                                                          \
    TEST(dir_read)                                                                                 \
    TEST(chdir_refused)                                                                            \
    TEST(dir_orphaned)                                                                             \
    TEST(dir_orphaned_family)                                                                      \
    TEST(dir_deep)                                                                                 \
    TEST(dir_many)                                                                                 \
    /* links.c */                                                                                  \
    TEST(link_shares)                                                                              \
    TEST(link_refused)                                                                             \
    SLOW(link_limit)                                                                               \
    TEST(symlink_follows)                                                                          \
    TEST(symlink_loops)                                                                            \
    TEST(symlink_itself)                                                                           \
    TEST(symlink_read)                                                                             \
    TEST(symlink_refused)                                                                          \
    TEST(symlink_races)                                                                            \
    /* together.c */                                                                               \
    TEST(together_create)                                                                          \
    TEST(together_same_name)                                                                       \
    TEST(together_mkdir)                                                                           \
    TEST(together_unlink)                                                                          \
    TEST(together_link)                                                                            \
    TEST(together_directory)                                                                       \
    TEST(together_paths)                                                                           \
    TEST(together_write)                                                                           \
    TEST(together_one_offset)                                                                      \
    TEST(together_whole_writes)                                                                    \
    TEST(together_sync)                                                                            \
    /* limits.c */                                                                                 \
    TEST(limit_processes)                                                                          \
    TEST(limit_250_processes)                                                                      \
    SLOW(limit_fork_bomb)                                                                          \
    TEST(limit_descriptors)                                                                        \
    TEST(limit_open_files)                                                                         \
    SLOW(limit_inodes_in_memory)                                                                   \
    SLOW(limit_inodes_on_disk)                                                                     \
    SLOW(limit_disk)                                                                               \
    SLOW(limit_disk_together)                                                                      \
    TEST(limit_pipes)                                                                              \
    SLOW(limit_memory)                                                                             \
    /* vfork.c */                                                                                  \
    TEST(vfork_shares_memory)                                                                      \
    TEST(vfork_waits_for_exec)                                                                     \
    TEST(vfork_exec_fails)                                                                         \
    TEST(vfork_many)                                                                               \
    TEST(vfork_counts_apart)                                                                       \
    TEST(vfork_nested)                                                                             \
    TEST(vfork_exhausts)                                                                           \
    TEST(vfork_then_fork)                                                                          \
    TEST(vfork_child_faults)                                                                       \
    TEST(vfork_child_killed)                                                                       \
    TEST(vfork_middle_killed)                                                                      \
    TEST(vfork_parent_killed)                                                                      \
    TEST(vfork_killed_anywhere)                                                                    \
    TEST(vfork_makes_code)                                                                         \
    TEST(forkmode_inherited)                                                                       \
    /* spawn.c */                                                                                  \
    TEST(spawn_arguments)                                                                          \
    TEST(spawn_keeps)                                                                              \
    TEST(spawn_opens)                                                                              \
    TEST(spawn_pipe)                                                                               \
    TEST(spawn_order)                                                                              \
    TEST(spawn_group)                                                                              \
    TEST(spawn_foreground)                                                                         \
    TEST(spawn_bad_actions)                                                                        \
    TEST(spawn_refused)                                                                            \
    TEST(spawn_many)                                                                               \
    TEST(spawn_exhausts)                                                                           \
    /* pipes.c */                                                                                  \
    TEST(pipe_simple)                                                                              \
    TEST(pipe_odd_sizes)                                                                           \
    SLOW(pipe_bulk)                                                                                \
    TEST(pipe_one_big_write)                                                                       \
    TEST(pipe_no_reader)                                                                           \
    TEST(pipe_reader_leaves)                                                                       \
    TEST(pipe_writer_leaves)                                                                       \
    TEST(pipe_small_writer)                                                                        \
    TEST(pipe_many_writers)                                                                        \
    TEST(pipe_many_readers)                                                                        \
    TEST(pipe_refused_harmless)                                                                    \
    TEST(pipe_ring)                                                                                \
    TEST(pipe_both_ways)                                                                           \
    /* signals.c */                                                                                \
    TEST(signal_arguments)                                                                         \
    TEST(signal_default)                                                                           \
    TEST(signal_to_self)                                                                           \
    TEST(signal_keeps_errcode)                                                                     \
    TEST(signal_mask)                                                                              \
    TEST(signal_return_explicit)                                                                   \
    TEST(signal_interrupts_pause)                                                                  \
    TEST(signal_interrupts_read)                                                                   \
    TEST(signal_interrupts_write)                                                                  \
    TEST(signal_interrupts_wait)                                                                   \
    TEST(signal_does_not_interrupt)                                                                \
    /* sigchildren.c */                                                                            \
    TEST(signal_new_program)                                                                       \
    TEST(signal_fork)                                                                              \
    TEST(signal_vfork)                                                                             \
    TEST(signal_vfork_parent)                                                                      \
    TEST(signal_handler_forks)                                                                     \
    /* sigfaults.c */                                                                              \
    TEST(fault_repaired)                                                                           \
    TEST(fault_tells)                                                                              \
    TEST(fault_not_caught)                                                                         \
    TEST(fault_not_repaired)                                                                       \
    TEST(fault_beyond_file)                                                                        \
    TEST(fault_without_stack)                                                                      \
    TEST(fault_grows_stack)                                                                        \
    TEST(alarm_registers)                                                                          \
    TEST(signal_registers)                                                                         \
    /* sigalarm.c */                                                                               \
    TEST(alarm_periodic)                                                                           \
    TEST(alarm_not_reentered)                                                                      \
    TEST(alarm_counts_run_time)                                                                    \
    TEST(alarm_ignored)                                                                            \
    TEST(alarm_replaced)                                                                           \
    TEST(alarm_not_inherited)                                                                      \
    /* sigattack.c */                                                                              \
    TEST(attack_frames)                                                                            \
    TEST(attack_fields)                                                                            \
    TEST(attack_mask)                                                                              \
    TEST(attack_handler_mask)                                                                      \
    TEST(attack_secrets)                                                                           \
    TEST(attack_handlers)                                                                          \
    TEST(attack_storm)                                                                             \
    /* descriptors.c */                                                                            \
    TEST(dup_lowest)                                                                               \
    TEST(fd_bad)                                                                                   \
    TEST(dup2_places)                                                                              \
    TEST(dup2_closes)                                                                              \
    TEST(device_null)                                                                              \
    TEST(device_zero)                                                                              \
    TEST(device_random)                                                                            \
    TEST(device_refused)                                                                           \
    TEST(device_ioctl)                                                                             \
    /* faultlog.c */                                                                               \
    TEST(faults_are_counted)                                                                       \
    TEST(faults_refused_are_counted)                                                               \
    TEST(faults_of_children)                                                                       \
    TEST(vmstat_arguments)                                                                         \
    TEST(faults_leave_events)                                                                      \
    TEST(fault_events_lost)                                                                        \
    TEST(fault_events_off)                                                                         \
    TEST(fault_events_arguments)                                                                   \
    /* views.c */                                                                                  \
    TEST(view_layout)                                                                              \
    TEST(view_lazy)                                                                                \
    TEST(view_shared)                                                                              \
    TEST(view_shared_by_many)                                                                      \
    TEST(view_stack)                                                                               \
    TEST(view_huge)                                                                                \
    TEST(view_frames)                                                                              \
    TEST(view_refused)                                                                             \
    TEST(view_exact)                                                                               \
    TEST(view_races)                                                                               \
    /* system.c */                                                                                 \
    TEST(call_unknown)                                                                             \
    TEST(control_settings)                                                                         \
    TEST(call_wide_arguments)                                                                      \
    TEST(call_keeps_registers)                                                                     \
    TEST(error_codes)                                                                              \
    TEST(clock_runs)                                                                               \
    TEST(pause_lasts)                                                                              \
    TEST(pause_nothing)                                                                            \
    TEST(pause_order)                                                                              \
    TEST(group_set)                                                                                \
    TEST(trace_calls)                                                                              \
    TEST(info_processes)                                                                           \
    TEST(info_sysinfo)                                                                             \
    TEST(info_kstat)                                                                               \
    /* sched.c */                                                                                  \
    TEST(sched_preempts)                                                                           \
    TEST(sched_fair)                                                                               \
    TEST(sched_wakes_soon)                                                                         \
    TEST(sched_yields)                                                                             \
    TEST(sched_mixed)                                                                              \
    TEST(sched_no_lost_wakeup)                                                                     \
    /* library.c */                                                                                \
    TEST(print_formats)                                                                            \
    TEST(print_widths)                                                                             \
    TEST(print_long)                                                                               \
    TEST(string_memory)                                                                            \
    TEST(string_text)                                                                              \
    TEST(gets_lines)                                                                               \
    TEST(malloc_resize)                                                                            \
    TEST(malloc_random)                                                                            \
    TEST(malloc_too_much)                                                                          \
    TEST(malloc_large)                                                                             \
    TEST(malloc_large_resize)                                                                      \
    TEST(malloc_large_exhaustion)

#define ALL_HELPERS(HELPER)                                                                        \
    HELPER(count)                                                                                  \
    HELPER(heir)                                                                                   \
    HELPER(fresh)                                                                                  \
    HELPER(again)                                                                                  \
    HELPER(name)                                                                                   \
    HELPER(unlink_self)                                                                            \
    HELPER(hold)                                                                                   \
    HELPER(forkmode)                                                                               \
    HELPER(reads)                                                                                  \
    HELPER(writes)                                                                                 \
    HELPER(looked_at)                                                                              \
    HELPER(group)                                                                                  \
    HELPER(signal)                                                                                 \
    HELPER(alarm)                                                                                  \
    HELPER(catch)                                                                                  \
    HELPER(unreadable)                                                                             \
    HELPER(unreadable_self)

TEST_PROGRAM("usertests", ALL_TESTS, ALL_HELPERS)
