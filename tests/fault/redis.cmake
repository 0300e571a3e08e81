# SPDX-License-Identifier: MIT
# Faults against the Redis sink alone, with real servers, a proxy and a fake one. ODDLINE_LONG=1: the long form.
add_executable(redis_drive redis_drive.c)
target_link_libraries(redis_drive PRIVATE oddline_deliver)
set_target_properties(redis_drive PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")

function(oddline_redis_fault file)
    foreach(name ${ARGN})
        add_test(NAME redis_${name}
            COMMAND python3 "${CMAKE_CURRENT_SOURCE_DIR}/redis_${file}.py" "$<TARGET_FILE:redis_drive>" ${name})
        set_tests_properties(redis_${name} PROPERTIES TIMEOUT 600 LABELS "fault;redis")
    endforeach()
endfunction()

oddline_redis_fault(state down_and_up aof_rollback failover demotion oom_flicker admin foreign twins
    twin_and_rollback)
oddline_redis_fault(refusals eviction loading busy misconf noreplicas password plaintext echoed wiped
    noperm wrongtype moved cluster sentinel hostile_sentinel)
oddline_redis_fault(wire cut_request cut_reply cut_batches blackhole stopped paused slow hostile drip idle)
set_tests_properties(redis_slow redis_sentinel redis_failover redis_cluster PROPERTIES
    LABELS "fault;redis;slow")
