using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>sys/resource.h</c>.</summary>
internal static class SysResource
{
    public const int RLIMIT_CORE = 4;

    [StructLayout(LayoutKind.Sequential)]
    public struct rlimit
    {
        public ulong rlim_cur;
        public ulong rlim_max;
    }
}
