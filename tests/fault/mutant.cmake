# SPDX-License-Identifier: MIT
# Included by mutants.sh behind project(): what writes and sends is compiled with one promise broken.
cmake_language(DEFER CALL mutate)
function(mutate)
    foreach(target oddline oddline_lane oddline_deliver)
        if(TARGET ${target} AND ODDLINE_MUTANT)
            target_compile_definitions(${target} PRIVATE ODDLINE_MUTANT_${ODDLINE_MUTANT})
        endif()
    endforeach()
endfunction()
