using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>linux/capability.h</c>.</summary>
internal static class Capability
{
    public const int _LINUX_CAPABILITY_VERSION_3 = 0x20080522;

    [StructLayout(LayoutKind.Sequential)]
    public struct __user_cap_header_struct
    {
        public int version;

        /// <summary>0: the calling thread.</summary>
        public int pid;
    }

    /// <summary>Version 3 has two of them: the capabilities below 32, and those above.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct __user_cap_data_struct
    {
        public uint effective;
        public uint permitted;
        public uint inheritable;
    }
}
