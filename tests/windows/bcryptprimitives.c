/*
 * A stand-in for bcryptprimitives.dll, for tests under Wine 8 only: Wine 8 has no such library, and the Rust standard
 * library takes the seeds of its hash maps from its ProcessPrng. Windows has the real one; this is never given away.
 * RtlGenRandom, which Wine has, is exported by advapi32.dll as SystemFunction036.
 */
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    while (length > 0) {
        ULONG some = length > 0x10000000 ? 0x10000000 : (ULONG)length;
        if (!SystemFunction036(buffer, some))
            return FALSE;
        buffer += some;
        length -= some;
    }
    return TRUE;
}
